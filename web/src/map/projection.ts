/**
 * Places the park on a flat picture. In go longitudes and latitudes, out come points; what lies far
 * outside the park is drawn at the frame, in its true direction, and says that it is not to scale.
 */
import type { Position } from '../model'

const WIDTH = 400
const FRAME = 56
const EDGE = 14
const METRES_PER_DEGREE = 111_320

export interface Placed {
  x: number
  y: number
  /** Drawn nearer than it is: the frame holds it. */
  pulledIn: boolean
}

export interface Projection {
  width: number
  height: number
  place(position: Position): Placed
  /** Metres from the middle of the park. */
  metresFromMiddle(position: Position): number
}

/** Degrees east shrink with the latitude; one scale on both axes keeps the park's shape. */
export function projectionOf(boundary: Position[]): Projection | null {
  if (boundary.length < 3) return null
  const lons = boundary.map((point) => point[0])
  const lats = boundary.map((point) => point[1])
  const [west, east, south, north] = [Math.min(...lons), Math.max(...lons), Math.min(...lats), Math.max(...lats)]
  const squeeze = Math.cos((((south + north) / 2) * Math.PI) / 180)
  const parkWidth = (east - west) * squeeze
  if (parkWidth <= 0 || north <= south) return null
  const scale = (WIDTH - 2 * FRAME) / parkWidth
  const height = (north - south) * scale + 2 * FRAME
  const [middleX, middleY] = [WIDTH / 2, height / 2]
  const [reachX, reachY] = [middleX - EDGE, middleY - EDGE]

  return {
    width: WIDTH,
    height,
    place: ([lon, lat]) => {
      const dx = FRAME + (lon - west) * squeeze * scale - middleX
      const dy = FRAME + (north - lat) * scale - middleY
      const shrink = Math.max(1, Math.abs(dx) / reachX, Math.abs(dy) / reachY)
      return { x: middleX + dx / shrink, y: middleY + dy / shrink, pulledIn: shrink > 1 }
    },
    metresFromMiddle: ([lon, lat]) =>
      Math.hypot((lon - (west + east) / 2) * squeeze, lat - (south + north) / 2) * METRES_PER_DEGREE,
  }
}
