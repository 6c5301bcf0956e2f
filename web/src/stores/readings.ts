/**
 * The readings of one sensor over one window. In go sensor and window, out come the readings, first
 * from the store and then live; an answer that arrives after the person has moved on is dropped.
 */
import { onScopeDispose, shallowRef, watch, type Ref } from 'vue'
import { api } from '../api'
import { append } from '../chart/series'
import type { Readings } from '../model'
import { serverNowMs } from './live'
import { onReading } from './sensors'

export const POINTS = 1000

export interface Window {
  sensor: string
  /** Null: the window moves with the time. */
  fixed: { fromMs: number; toMs: number } | null
  lengthMs: number
}

export function useReadings(window: Ref<Window | null>) {
  const readings = shallowRef<Readings | null>(null)
  const failure = shallowRef<string | null>(null)
  let asked = 0
  let stopListening = () => {}

  async function load(): Promise<void> {
    const wanted = window.value
    stopListening()
    readings.value = null
    failure.value = null
    if (wanted === null) return
    const mine = ++asked
    const pending: [number, number | null, string][] = []
    const live = wanted.fixed === null
    if (live) {
      stopListening = onReading(wanted.sensor, (timeMs, value, quality) => {
        if (readings.value === null) pending.push([timeMs, value, quality])
        else readings.value = append(readings.value, timeMs, value, quality, timeMs - wanted.lengthMs)
      })
    }
    const toMs = wanted.fixed?.toMs ?? serverNowMs.value ?? Date.now()
    const fromMs = wanted.fixed?.fromMs ?? toMs - wanted.lengthMs
    try {
      let loaded = await api.readings(wanted.sensor, fromMs, toMs, POINTS)
      if (mine !== asked) return
      for (const [timeMs, value, quality] of pending) loaded = append(loaded, timeMs, value, quality, fromMs)
      readings.value = loaded
    } catch (error) {
      if (mine === asked) failure.value = error instanceof Error ? error.message : String(error)
    }
  }

  watch(
    () => JSON.stringify(window.value),
    () => void load(),
    { immediate: true },
  )
  onScopeDispose(() => stopListening())
  return { readings, failure, load }
}
