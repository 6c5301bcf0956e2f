/**
 * The sensors with their newest readings. In come the list and each second's values, out come the
 * list as it stands now and, for a chart that listens, the new readings of one sensor.
 */
import { computed, shallowRef } from 'vue'
import { api } from '../api'
import type { Sensor, Values } from '../model'

export const sensors = shallowRef<ReadonlyMap<string, Sensor>>(new Map())
export const sensorsLoaded = shallowRef(false)

export const sensorList = computed(() => [...sensors.value.values()])
export const cannotTell = computed(() => sensorList.value.filter((sensor) => sensor.state === 'cannot_tell'))

type ReadingListener = (timeMs: number, value: number | null, quality: string) => void
const listeners = new Map<string, Set<ReadingListener>>()

export async function loadSensors(): Promise<void> {
  const loaded = await api.sensors()
  const before = sensors.value
  sensors.value = new Map(loaded.map((sensor) => [sensor.id, newer(sensor, before.get(sensor.id))]))
  sensorsLoaded.value = true
}

/** A list that was asked for before a live reading arrived must not put the reading back. */
function newer(loaded: Sensor, known: Sensor | undefined): Sensor {
  if (known === undefined || known.time === null) return loaded
  if (loaded.time !== null && Date.parse(loaded.time) >= Date.parse(known.time)) return loaded
  return { ...loaded, value: known.value, time: known.time, quality: known.quality }
}

export function applyValues(values: Values): void {
  const next = new Map(sensors.value)
  for (const [id, [timeMs, value, quality]] of Object.entries(values)) {
    const sensor = next.get(id)
    if (sensor !== undefined) next.set(id, { ...sensor, value, quality, time: new Date(timeMs).toISOString() })
    listeners.get(id)?.forEach((listener) => listener(timeMs, value, quality))
  }
  sensors.value = next
}

/** Returns the function that ends the listening. */
export function onReading(sensor: string, listener: ReadingListener): () => void {
  const known = listeners.get(sensor) ?? new Set()
  listeners.set(sensor, known.add(listener))
  return () => known.delete(listener)
}
