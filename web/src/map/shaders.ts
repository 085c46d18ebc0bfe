// The vehicles on the GPU. Position, turn and fading are those of
// sdk/motion.ts; change both together.
import { DOT, OUTLINES, SHAPES } from "./shape.ts";

/** Bits of the attribute `a_flags`; above them stands the index in `SHAPES`. */
export const FLAG_SILENT = 1;
export const FLAG_BEARING = 2;
export const FLAG_RIDE = 4;
export const FLAG_HIDDEN = 8;
export const SHAPE_SHIFT = 4;

const HALVES = SHAPES.flatMap((shape) => OUTLINES[shape]);
const float = (value: number) => value.toFixed(3);

/** One instance: ten floats. */
export const ATTRIBUTES = [
  ["a_way", 4],
  ["a_time", 3],
  ["a_bearing", 2],
  ["a_flags", 1],
] as const;
export const INSTANCE_FLOATS = 10;

export const VERTEX = `#version 300 es
precision highp float;

// Corner of the quad, -1 to 1.
in vec2 a_corner;
// From and to, Mercator units from the anchor.
in vec4 a_way;
// When the way begins, how long it takes, the pace; ms.
in vec3 a_time;
// From and to, degrees.
in vec2 a_bearing;
in float a_flags;

// From the anchor to clip space.
uniform mat4 u_matrix;
// Half the canvas, CSS pixels.
uniform vec2 u_half_canvas;
// Half the quad, CSS pixels.
uniform float u_radius;
uniform float u_now;
uniform float u_roll_max;
uniform float u_turn_max;
uniform float u_fade_min;
uniform int u_selected;

out vec2 v_at;
out vec2 v_turn;
out float v_faded;
flat out int v_flags;
flat out int v_selected;

float way_done(float elapsed, float duration) {
  if (duration <= 0.0) return 1.0;
  if (elapsed <= duration) return elapsed / duration;
  float roll = min(duration, u_roll_max);
  float rolled = min(elapsed - duration, roll);
  return 1.0 + (rolled - rolled * rolled / (2.0 * roll)) / duration;
}

void main() {
  float elapsed = max(0.0, u_now - a_time.x);
  float duration = a_time.y;
  float pace = a_time.z;
  vec2 place = mix(a_way.xy, a_way.zw, way_done(elapsed, duration));
  float turned = duration > 0.0 ? min(1.0, elapsed / min(duration, u_turn_max)) : 1.0;
  float bearing = radians(mix(a_bearing.x, a_bearing.y, turned));

  v_at = a_corner;
  v_turn = vec2(cos(bearing), sin(bearing));
  v_faded = clamp((elapsed - 2.0 * pace) / max(pace, u_fade_min), 0.0, 1.0);
  v_flags = int(a_flags);
  v_selected = gl_InstanceID == u_selected ? 1 : 0;
  if ((v_flags & ${FLAG_HIDDEN}) != 0) {
    // Outside of what is drawn.
    gl_Position = vec4(2.0, 2.0, 2.0, 1.0);
    return;
  }
  gl_Position = u_matrix * vec4(place, 0.0, 1.0);
  gl_Position.xy += a_corner * u_radius / u_half_canvas * gl_Position.w;
}
`;

export const FRAGMENT = `#version 300 es
precision highp float;

in vec2 v_at;
in vec2 v_turn;
in float v_faded;
flat in int v_flags;
flat in int v_selected;

uniform float u_radius;
// By shape.
uniform vec3 u_fill[${SHAPES.length}];
uniform vec3 u_edge;
uniform vec3 u_silent;
uniform vec3 u_ring;

out vec4 color;

// Distances in units of the quad's half, negative inside.
float segment(vec2 p, vec2 a, vec2 b) {
  vec2 pa = p - a;
  vec2 ba = b - a;
  return length(pa - ba * clamp(dot(pa, ba) / dot(ba, ba), 0.0, 1.0));
}

// The right half of each outline, four points a shape: src/shape.ts.
const vec2 HALVES[${HALVES.length}] = vec2[](${HALVES.map(([x, y]) => `vec2(${float(x)}, ${float(y)})`).join(", ")});

// Symmetric and each half convex: three edges of one half say all.
float outline(vec2 p, int shape) {
  p.x = abs(p.x);
  float edge = 2.0;
  bool inside = true;
  for (int i = 4 * shape; i < 4 * shape + 3; i++) {
    vec2 way = HALVES[i + 1] - HALVES[i];
    vec2 at = p - HALVES[i];
    edge = min(edge, segment(p, HALVES[i], HALVES[i + 1]));
    inside = inside && way.x * at.y - way.y * at.x < 0.0;
  }
  return inside ? -edge : edge;
}

void main() {
  // Into the vehicle's own frame: its front is +y.
  vec2 p = vec2(v_turn.x * v_at.x - v_turn.y * v_at.y, v_turn.y * v_at.x + v_turn.x * v_at.y);
  bool directed = (v_flags & ${FLAG_BEARING}) != 0;
  bool silent = (v_flags & ${FLAG_SILENT}) != 0;
  bool driven = (v_flags & ${FLAG_RIDE}) != 0;
  int kind = v_flags >> ${SHAPE_SHIFT};
  float shape = directed ? outline(p, kind) : length(p) - 0.36;
  float pixel = 1.0 / u_radius;
  // Coverage of the filled shape, and of the shape grown by its edge.
  float rim = 2.0 * pixel;
  float body = smoothstep(0.5 * pixel, -0.5 * pixel, shape);
  float grown = smoothstep(rim + 0.5 * pixel, rim - 0.5 * pixel, shape);
  vec3 fill = silent ? u_silent : u_fill[kind];
  if (silent) {
    // Hollow: told from the others without colour too.
    float hollow = smoothstep(-2.0 * pixel, -3.0 * pixel, shape);
    fill = mix(fill, u_edge, hollow);
  }
  if (driven) {
    // Not smaller than can be seen over the town.
    float dot_edge = length(p) - max(${float(DOT)}, 1.8 * pixel);
    vec3 mark = silent ? u_silent : u_edge;
    fill = mix(fill, mark, smoothstep(0.5 * pixel, -0.5 * pixel, dot_edge));
  }
  float alpha = grown * (1.0 - 0.55 * max(v_faded, silent ? 0.45 : 0.0));
  color = vec4(mix(u_edge, fill, body), 1.0) * alpha;
  if (v_selected == 1) {
    float ring = 1.0 - smoothstep(pixel, 2.0 * pixel, abs(length(v_at) - 0.9 + pixel));
    color = vec4(u_ring, 1.0) * ring + color * (1.0 - ring);
  }
  if (color.a <= 0.0) discard;
}
`;
