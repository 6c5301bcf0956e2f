import { describe, expect, it } from 'vitest'
import { mergeLines, scaleFor, type Line } from '../src/chart/scale'
import { append, gapAfterMs, splitByTrust } from '../src/chart/series'
import type { Readings } from '../src/model'

function readings(...points: [number, number | null, string?][]): Readings {
  return {
    sensor: 's',
    unit: 'ppm',
    times: points.map((point) => point[0]),
    values: points.map((point) => point[1]),
    quality: points.map((point) => point[2] ?? 'good'),
  }
}
const line = (value: number, direction: Line['direction'] = 'above'): Line => ({ level: 'red', value, direction, label: `${value}` })

describe('readings to draw', () => {
  it('break where data is missing for longer than a reading holds', () => {
    const { good } = splitByTrust(readings([0, 1], [5_000, 2], [60_000, 3], [65_000, 4]), 20_000)

    expect(good.map((point) => point[1])).toEqual([1, 2, null, 3, 4, null])
  })

  it('break at a missing value and draw a zero', () => {
    const { good } = splitByTrust(readings([0, 0], [5_000, 0], [10_000, null], [15_000, 0], [20_000, 0]), 20_000)

    expect(good.map((point) => point[1])).toEqual([0, 0, null, 0, 0, null])
  })

  it('keep bad values out of every line', () => {
    const { good, doubtful, bad } = splitByTrust(readings([0, 1], [5_000, 99, 'fault'], [10_000, 2]), 20_000)

    expect(good.map((point) => point[1])).toEqual([1, null, 2, null])
    expect(doubtful).toEqual([])
    expect(bad).toEqual([[5_000, 99, 'fault']])
  })

  it('draw a doubtful stretch apart, joined to what stands around it', () => {
    const { good, doubtful } = splitByTrust(readings([0, 1], [5_000, 2, 'uncertain'], [10_000, 3]), 20_000)

    expect(good.map((point) => point[1])).toEqual([1, null, 3, null])
    expect(doubtful.map((point) => point[1])).toEqual([1, 2, 3, null])
  })

  it('show a reading that stands alone, which a line would not', () => {
    const { lonely } = splitByTrust(readings([0, 1], [60_000, 2], [65_000, 3]), 20_000)

    expect(lonely).toEqual([[0, 1, 'good']])
  })

  it('do not take the wider steps of a thinned answer for gaps', () => {
    expect(gapAfterMs(20, 900_000, 180, 1000)).toBe(20_000)
    expect(gapAfterMs(20, 86_400_000, 1000, 1000)).toBeGreaterThan(300_000)
  })
})

describe('live readings', () => {
  it('are added at the end, and what left the window goes', () => {
    const result = append(readings([0, 1], [5_000, 2]), 10_000, 0, 'good', 4_000)

    expect(result.times).toEqual([5_000, 10_000])
    expect(result.values).toEqual([2, 0])
  })

  it('are not drawn twice', () => {
    const before = readings([0, 1], [5_000, 2])

    expect(append(before, 5_000, 7, 'good', 0)).toBe(before)
  })
})

describe('the value axis', () => {
  it('holds the data and the nearest limit, and names what is too far off', () => {
    const scale = scaleFor([0.2, 0.4], [line(10), line(20), line(500)])

    expect(scale.drawn.map((one) => one.value)).toEqual([10, 20])
    expect(scale.offScale.map((one) => one.value)).toEqual([500])
    expect(scale.min).toBe(0)
    expect(scale.max).toBeGreaterThan(20)
  })

  it('draws a far limit once the data comes near it', () => {
    expect(scaleFor([0.2, 300], [line(10), line(500)]).offScale).toEqual([])
  })

  it('stands also without data, and for a lower limit', () => {
    const scale = scaleFor([], [line(19.5, 'below'), line(23.5)])

    expect(scale.drawn.length).toBe(2)
    expect(scale.min).toBeLessThan(19.5)
    expect(scale.max).toBeGreaterThan(23.5)
  })

  it('gives limits of one value one label', () => {
    const merged = mergeLines([{ ...line(10), label: 'A' }, { ...line(10), label: 'B' }, line(5)])

    expect(merged.map((one) => one.label)).toEqual(['5', 'A / B'])
  })
})
