import { readFileSync } from "node:fs";
import { expect, it } from "vitest";

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");

it.each(["driver", "rider"])("the page about the library shows the %s that is tested", (name) => {
  const example = read(`sdk/examples/${name}.ts`);
  expect(read("../docs/client-library.md")).toContain(`\`\`\`ts\n${example}\`\`\`\n`);
  expect(example.split("\n").length).toBeLessThan(38);
});
