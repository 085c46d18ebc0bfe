// What the page is measured beside: the plain way to put vehicles on a map of
// MapLibre. The same wire, the same base map; each message makes one source of
// all vehicles anew. They jump from fix to fix.
import {
  type GeoJSONSource,
  Map as MapLibre,
  type StyleSpecification,
  setWorkerUrl,
} from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import "maplibre-gl/dist/maplibre-gl.css";
import { connect, type VehicleUpdate } from "../sdk/index.ts";
import { baseStyle } from "../src/map/style.ts";
import { fetchConfig, socketUrl } from "../src/service/config.ts";
import type { Plain } from "./measure.ts";

const plain: Plain = { updates: 0, held: 0 };
Object.assign(window, { plain });

setWorkerUrl(workerUrl);
const token = new URLSearchParams(location.hash.slice(1)).get("token") ?? "";
const config = await fetchConfig();
const [south, west, north, east] = config.map.bounds ?? [-60, -180, 60, 180];
const map = new MapLibre({
  container: "map",
  style: baseStyle(config, "light") as StyleSpecification,
  bounds: [west, south, east, north],
});
await map.once("load");
map.addSource("vehicles", { type: "geojson", data: collection([]) });
map.addLayer({
  id: "vehicles",
  type: "circle",
  source: "vehicles",
  paint: { "circle-radius": 4, "circle-color": "#0b57d0" },
});
const source = map.getSource<GeoJSONSource>("vehicles");

const vehicles = new Map<string, VehicleUpdate>();
const client = connect({ url: socketUrl(), getToken: () => token });
client.subscribe(
  { kind: "viewport", south, west, north, east },
  {
    onVehicles(message) {
      if (message.snapshot) vehicles.clear();
      for (const id of message.left) vehicles.delete(id);
      for (const update of message.vehicles) vehicles.set(update.id, update);
      plain.updates += message.vehicles.length;
      plain.held = vehicles.size;
      source?.setData(collection([...vehicles.values()]));
    },
  },
);

function collection(updates: VehicleUpdate[]) {
  return {
    type: "FeatureCollection" as const,
    features: updates.map(({ id, longitude, latitude }) => ({
      type: "Feature" as const,
      properties: { id },
      geometry: { type: "Point" as const, coordinates: [longitude, latitude] },
    })),
  };
}
