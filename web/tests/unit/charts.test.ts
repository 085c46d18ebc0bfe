import { expect, it } from "vitest";
import { Delays, percentile, Samples } from "../../src/operator/charts/samples.ts";

const DOINGS = { free: 1, ride: 2, silent: 3 };

it("percentiles are of values that were there", () => {
  const hundred = Array.from({ length: 100 }, (_, i) => i + 1);
  expect(percentile(hundred, 0.5)).toBe(50);
  expect(percentile(hundred, 0.95)).toBe(95);
  expect(percentile([7], 0.95)).toBe(7);
  expect(percentile([], 0.5)).toBeNull();
});

it("delays are those since they were taken last, in no order, and never negative", () => {
  const delays = new Delays();
  for (const delay of [30, 1_000, 20, -400]) delays.add(delay);
  expect(delays.take()).toEqual({ median: 20, p95: 1_000 });
  expect(delays.take()).toEqual({ median: null, p95: null });
});

it("samples are of five minutes, in columns with their times", () => {
  const samples = new Samples();
  for (let second = 0; second < 400; second++) {
    const rate = second % 2 ? null : 5;
    samples.push({ atMs: second * 1000, doings: DOINGS, rate, median: null, p95: null });
  }
  const [times, rates] = samples.columns(({ rate }) => rate);
  expect(times).toHaveLength(300);
  expect(times?.[0]).toBe(100);
  expect(rates?.slice(0, 2)).toEqual([5, null]);
  expect(samples.last?.atMs).toBe(399_000);
});
