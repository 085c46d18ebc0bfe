import { defineConfig } from "vite";

/** `RIDECAST_URL` names the service that `npm run dev` shows. */
const service = process.env.RIDECAST_URL ?? "http://127.0.0.1:8080";

export default defineConfig({
  // The page may be served below a path.
  base: "./",
  build: {
    emptyOutDir: true,
    target: "es2023",
    // The four faces.
    rolldownOptions: { input: ["index.html", "ride.html", "drive.html", "share.html"] },
    // MapLibre alone is larger than Vite's advice.
    chunkSizeWarningLimit: 2_000,
  },
  server: {
    proxy: {
      "/config.json": service,
      // With the page's own host, or the service takes its posts for a stranger's.
      "/demo": { target: service },
      "/map": service,
      "/v1": { target: service, ws: true },
    },
  },
});
