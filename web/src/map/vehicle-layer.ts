import type { CustomLayerInterface, CustomRenderMethodInput, Map as MapLibre } from "maplibre-gl";
import type { VehicleId } from "../../sdk/index.ts";
import { FADE_MIN_MS, ROLL_MAX_MS, TURN_MAX_MS } from "../../sdk/motion.ts";
import type { Fleet, Vehicle } from "../fleet/fleet.ts";
import { Instances } from "./instances.ts";
import {
  ATTRIBUTES,
  FLAG_HIDDEN,
  FLAG_RIDE,
  FRAGMENT,
  INSTANCE_FLOATS,
  VERTEX,
} from "./shaders.ts";
import { SHAPES, type Shape } from "./shape.ts";

/** Red, green, blue from 0 to 1. */
export type Rgb = readonly [number, number, number];

export interface VehicleColors {
  fill: Record<Shape, Rgb>;
  edge: Rgb;
  silent: Rgb;
  ring: Rgb;
}

/** Which vehicle drives a ride. */
export interface Driven {
  /** The ride, or whatever is true; nothing: none. */
  of(vehicle: VehicleId): unknown;
}

const UNIFORMS = [
  "u_matrix",
  "u_half_canvas",
  "u_radius",
  "u_now",
  "u_roll_max",
  "u_turn_max",
  "u_fade_min",
  "u_selected",
  "u_fill",
  "u_edge",
  "u_silent",
  "u_ring",
] as const;
type Uniforms = Record<(typeof UNIFORMS)[number], WebGLUniformLocation | null>;

/** What lives in one GL context. */
interface Gpu {
  program: WebGLProgram;
  array: WebGLVertexArrayObject;
  corners: WebGLBuffer;
  instances: WebGLBuffer;
  uniforms: Uniforms;
}

/**
 * All vehicles in one draw call. The GPU interpolates: a frame sets uniforms
 * and passes on what is new, a fix writes the 40 bytes of its vehicle.
 */
export class VehicleLayer implements CustomLayerInterface {
  readonly id = "vehicles";
  readonly type = "custom";
  readonly renderingMode = "2d";
  /** Called with each frame's time before it is drawn, ms of `performance.now()`. */
  onFrame: ((nowMs: number) => void) | undefined;
  /** Says which vehicles are not drawn. Another answer is another function: all are written anew. */
  private hides: ((vehicle: Vehicle) => boolean) | undefined;
  /** The vehicle with a ring around it. */
  selected: Vehicle | undefined;
  /** Frames drawn, and the script time of all of them, ms. */
  frames = 0;
  scriptMs = 0;
  private map: MapLibre | undefined;
  private gpu: Gpu | undefined;
  private readonly instances: Instances;

  constructor(
    private readonly fleet: Fleet,
    private readonly rides: Driven,
    public colors: VehicleColors,
  ) {
    this.instances = new Instances(fleet.vehicles, (vehicle) => this.flags(vehicle));
    fleet.onTouched = (vehicle) => this.instances.touch(vehicle);
  }

  /** Draws all but those that the filter hides; nothing: all. */
  filter(hides: ((vehicle: Vehicle) => boolean) | undefined): void {
    this.hides = hides;
    this.instances.invalidate();
  }

  isHidden(vehicle: Vehicle): boolean {
    return this.hides?.(vehicle) ?? false;
  }

  onAdd(map: MapLibre, gl: WebGL2RenderingContext): void {
    this.map = map;
    this.gpu = makeGpu(gl);
    this.instances.restart();
  }

  onRemove(_map: MapLibre, gl: WebGL2RenderingContext): void {
    if (!this.gpu) return;
    gl.deleteProgram(this.gpu.program);
    gl.deleteVertexArray(this.gpu.array);
    gl.deleteBuffer(this.gpu.corners);
    gl.deleteBuffer(this.gpu.instances);
    this.gpu = undefined;
  }

  render(gl: WebGL2RenderingContext, options: CustomRenderMethodInput): void {
    const { map, gpu } = this;
    if (!map || !gpu) return;
    const nowMs = performance.now();
    // Within a vertex array of our own, so that MapLibre's bindings stay as they are.
    gl.bindVertexArray(gpu.array);
    gl.bindBuffer(gl.ARRAY_BUFFER, gpu.instances);
    this.instances.anchor(map.getCenter(), nowMs);
    this.instances.upload(gl);
    gl.useProgram(gpu.program);
    this.setUniforms(gl, gpu.uniforms, map, options, nowMs);
    gl.disable(gl.DEPTH_TEST);
    gl.disable(gl.STENCIL_TEST);
    gl.disable(gl.CULL_FACE);
    gl.drawArraysInstanced(gl.TRIANGLE_STRIP, 0, 4, this.fleet.vehicles.length);
    gl.bindVertexArray(null);
    this.frames += 1;
    this.scriptMs += performance.now() - nowMs;
    this.onFrame?.(nowMs);
    if (nowMs < this.fleet.restsAtMs) map.triggerRepaint();
  }

  /** Half the quad of a vehicle, CSS pixels: readable over the town, and as wide as a street near by. */
  static radius(zoom: number): number {
    return Math.min(24, Math.max(9, 9 + (zoom - 11) * 2.5));
  }

  private flags(vehicle: Vehicle): number {
    const driven = this.rides.of(vehicle.update.id) ? FLAG_RIDE : 0;
    return driven | (this.isHidden(vehicle) ? FLAG_HIDDEN : 0);
  }

  private setUniforms(
    gl: WebGL2RenderingContext,
    uniforms: Uniforms,
    map: MapLibre,
    options: CustomRenderMethodInput,
    nowMs: number,
  ): void {
    // Not what the canvas measures on the page: to ask for that has the page laid out.
    const { width, height } = map.getCanvas();
    const half = 2 * map.getPixelRatio();
    const { colors, selected } = this;
    gl.uniformMatrix4fv(uniforms.u_matrix, false, this.matrix(options));
    gl.uniform2f(uniforms.u_half_canvas, width / half, height / half);
    gl.uniform1f(uniforms.u_radius, VehicleLayer.radius(map.getZoom()));
    gl.uniform1f(uniforms.u_now, nowMs - this.instances.baseMs);
    gl.uniform1f(uniforms.u_roll_max, ROLL_MAX_MS);
    gl.uniform1f(uniforms.u_turn_max, TURN_MAX_MS);
    gl.uniform1f(uniforms.u_fade_min, FADE_MIN_MS);
    gl.uniform1i(uniforms.u_selected, selected ? selected.slot : -1);
    gl.uniform3fv(
      uniforms.u_fill,
      SHAPES.flatMap((shape) => colors.fill[shape]),
    );
    gl.uniform3fv(uniforms.u_edge, colors.edge);
    gl.uniform3fv(uniforms.u_silent, colors.silent);
    gl.uniform3fv(uniforms.u_ring, colors.ring);
  }

  /** MapLibre's matrix times the shift by the anchor, in doubles: only the result may be rounded. */
  private matrix(options: CustomRenderMethodInput): Float32Array {
    const m = options.defaultProjectionData.mainMatrix;
    const { anchorX, anchorY } = this.instances;
    const out = new Float32Array(m);
    for (let row = 0; row < 4; row++) {
      const [x = 0, y = 0, w = 0] = [m[row], m[4 + row], m[12 + row]];
      out[12 + row] = x * anchorX + y * anchorY + w;
    }
    return out;
  }
}

function makeGpu(gl: WebGL2RenderingContext): Gpu {
  const program = gl.createProgram();
  for (const [kind, source] of [
    [gl.VERTEX_SHADER, VERTEX],
    [gl.FRAGMENT_SHADER, FRAGMENT],
  ] as const) {
    const shader = gl.createShader(kind);
    if (!shader) throw new Error("the GL context is lost");
    gl.shaderSource(shader, source);
    gl.compileShader(shader);
    gl.attachShader(program, shader);
    gl.deleteShader(shader);
  }
  gl.bindAttribLocation(program, 0, "a_corner");
  ATTRIBUTES.forEach(([name], index) => {
    gl.bindAttribLocation(program, index + 1, name);
  });
  gl.linkProgram(program);
  if (!gl.getProgramParameter(program, gl.LINK_STATUS) && !gl.isContextLost()) {
    const logs = gl.getAttachedShaders(program)?.map((shader) => gl.getShaderInfoLog(shader));
    throw new Error(`the vehicles' shaders: ${gl.getProgramInfoLog(program)} ${logs?.join(" ")}`);
  }
  const array = gl.createVertexArray();
  gl.bindVertexArray(array);
  const corners = gl.createBuffer();
  gl.bindBuffer(gl.ARRAY_BUFFER, corners);
  gl.bufferData(gl.ARRAY_BUFFER, new Float32Array([-1, -1, 1, -1, -1, 1, 1, 1]), gl.STATIC_DRAW);
  gl.enableVertexAttribArray(0);
  gl.vertexAttribPointer(0, 2, gl.FLOAT, false, 0, 0);
  const instances = gl.createBuffer();
  gl.bindBuffer(gl.ARRAY_BUFFER, instances);
  let offset = 0;
  ATTRIBUTES.forEach(([, size], index) => {
    gl.enableVertexAttribArray(index + 1);
    gl.vertexAttribPointer(index + 1, size, gl.FLOAT, false, INSTANCE_FLOATS * 4, offset);
    gl.vertexAttribDivisor(index + 1, 1);
    offset += size * 4;
  });
  gl.bindVertexArray(null);
  const uniforms = Object.fromEntries(
    UNIFORMS.map((name) => [name, gl.getUniformLocation(program, name)]),
  ) as Uniforms;
  return { program, array, corners, instances, uniforms };
}
