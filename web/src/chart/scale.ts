/**
 * The value axis and its limit lines. Values and limits in, out come the axis ends, the lines that
 * are drawn, and those too far off to draw without flattening the trend.
 */
import type { Direction, Level } from '../model'

export interface Line {
  level: Level | null
  value: number
  direction: Direction
  label: string
}

export interface Scale {
  min: number
  max: number
  drawn: Line[]
  offScale: Line[]
}

/** A line farther than this many times the span of data and nearest limit would flatten the trend. */
const FARTHEST = 3

export function scaleFor(values: number[], lines: Line[]): Scale {
  const highs = values.length === 0 ? [] : [Math.min(...values), Math.max(...values)]
  const dataMin = highs[0] ?? 0
  const dataMax = highs[1] ?? 0
  const above = lines.filter((line) => line.direction !== 'below').map((line) => line.value)
  const nearestAbove = above.length === 0 ? dataMax : Math.min(...above)
  const below = lines.filter((line) => line.direction === 'below').map((line) => line.value)
  const nearestBelow = below.length === 0 ? dataMin : Math.max(...below)
  const low = Math.min(dataMin, nearestBelow)
  const high = Math.max(dataMax, nearestAbove)
  const floor = low >= 0 && low < high * 0.7 ? 0 : low
  const span = high - floor || Math.abs(high) || 1
  const fits = (line: Line) => line.value <= floor + span * FARTHEST && line.value >= floor - span * FARTHEST
  const drawn = lines.filter(fits)
  const top = Math.max(high, ...drawn.map((line) => line.value))
  const bottom = Math.min(floor, ...drawn.map((line) => line.value))
  const margin = (top - bottom || 1) * 0.08
  return {
    min: bottom === 0 ? 0 : bottom - margin,
    max: top + margin,
    drawn,
    offScale: lines.filter((line) => !fits(line)),
  }
}

/** Lines at one value share one label, so that no label hides another. */
export function mergeLines(lines: Line[]): Line[] {
  const byValue = new Map<number, Line>()
  for (const line of lines) {
    const known = byValue.get(line.value)
    if (known === undefined) byValue.set(line.value, line)
    else if (!known.label.includes(line.label)) {
      byValue.set(line.value, { ...known, label: `${known.label} / ${line.label}` })
    }
  }
  return [...byValue.values()].sort((left, right) => left.value - right.value)
}
