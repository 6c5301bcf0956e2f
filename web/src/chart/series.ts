/**
 * Readings made ready to draw. In go times, values and qualities, out come points by trust, broken
 * where data is missing: a gap stays a gap, and a value that proves nothing is never part of a line.
 */
import type { Readings } from '../model'

export type Point = [timeMs: number, value: number | null, quality: string]

export interface Series {
  /** Usable readings; null values break the line. */
  good: Point[]
  /** Usable but doubtful: uncertain, conflict, manual, historical; null values break the line. */
  doubtful: Point[]
  /** Prove nothing: single marks. */
  bad: Point[]
  /** Readings with no neighbour to be joined to, which a line alone would not show. */
  lonely: Point[]
}

const DOUBTFUL = new Set(['uncertain', 'conflict', 'manual', 'historical'])

export function trust(quality: string): 'good' | 'doubtful' | 'bad' {
  if (quality === 'good') return 'good'
  return DOUBTFUL.has(quality) ? 'doubtful' : 'bad'
}

/** Beyond this a line would claim data that never came; thinned answers have wider steps of their own. */
export function gapAfterMs(holdSeconds: number, windowMs: number, count: number, points: number): number {
  const thinned = count >= points * 0.8 ? (windowMs / Math.max(1, points / 2)) * 2.2 : 0
  return Math.max(holdSeconds * 1000, thinned)
}

export function splitByTrust(readings: Readings, gapMs: number): Series {
  const series: Series = { good: [], doubtful: [], bad: [], lonely: [] }
  let lastTime: number | null = null
  let lastTrust: 'good' | 'doubtful' | null = null
  let lastPoint: Point | null = null
  let runLength = 0
  const endRun = (timeMs: number) => {
    if (lastTrust === null || lastPoint === null) return
    series[lastTrust].push([timeMs, null, 'missing'])
    if (runLength === 1) series.lonely.push(lastPoint)
    lastTrust = null
    lastPoint = null
    runLength = 0
  }
  readings.times.forEach((timeMs, index) => {
    const value = readings.values[index] ?? null
    const quality = readings.quality[index] ?? 'good'
    const kind = trust(quality)
    if (lastTime !== null && timeMs - lastTime > gapMs) endRun(lastTime + 1)
    lastTime = timeMs
    if (value === null || kind === 'bad') {
      endRun(timeMs)
      if (value !== null) series.bad.push([timeMs, value, quality])
      return
    }
    const point: Point = [timeMs, value, quality]
    if (lastTrust !== null && lastTrust !== kind && lastPoint !== null) {
      // The doubtful stretch owns the joint, so that the good line never reaches into doubt.
      if (kind === 'doubtful') {
        series.good.push([timeMs, null, 'missing'])
        series.doubtful.push(lastPoint)
      } else {
        series.doubtful.push(point, [timeMs, null, 'missing'])
      }
    }
    series[kind].push(point)
    runLength += 1
    lastTrust = kind
    lastPoint = point
  })
  if (lastTime !== null) endRun(lastTime + 1)
  return series
}

/** Add a live reading and let what left the window go; an older or repeated time is not drawn twice. */
export function append(readings: Readings, timeMs: number, value: number | null, quality: string, fromMs: number): Readings {
  const newest = readings.times.at(-1)
  if (newest !== undefined && timeMs <= newest) return readings
  const firstKept = readings.times.findIndex((time) => time >= fromMs)
  const start = firstKept < 0 ? readings.times.length : firstKept
  return {
    ...readings,
    times: [...readings.times.slice(start), timeMs],
    values: [...readings.values.slice(start), value],
    quality: [...readings.quality.slice(start), quality],
  }
}
