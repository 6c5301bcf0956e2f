import { describe, expect, it } from 'vitest'
import { projectionOf } from '../src/map/projection'
import type { Position } from '../src/model'

/** One hundredth of a degree each way on the equator: a square of 1,113 m. */
const SQUARE: Position[] = [
  [0, -0.005],
  [0.01, -0.005],
  [0.01, 0.005],
  [0, 0.005],
]

describe('the map of the park', () => {
  it('puts the middle of the park in the middle, north up and east right', () => {
    const map = projectionOf(SQUARE)

    expect(map?.place([0.005, 0])).toEqual({ x: 200, y: 200, pulledIn: false })
    expect(map?.place([0.005, 0.004]).y).toBeLessThan(200)
    expect(map?.place([0.009, 0]).x).toBeGreaterThan(200)
  })

  it('pulls in what is far away, keeps its direction, and says so', () => {
    const far = projectionOf(SQUARE)?.place([0.105, 0.1])

    expect(far).toEqual({ x: 386, y: 14, pulledIn: true })
  })

  it('knows the distance from the middle', () => {
    expect(projectionOf(SQUARE)?.metresFromMiddle([0.015, 0])).toBeCloseTo(1_113.2, 1)
  })

  it('draws nothing without an outline', () => {
    expect(projectionOf([])).toBeNull()
  })
})
