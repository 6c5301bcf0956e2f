/** Which view the address names. The hash in, a route out; ids may hold any character. */
import { ref } from 'vue'

export type Route =
  | { view: 'alerts' }
  | { view: 'alert'; id: string }
  | { view: 'sensors'; id: string | null; cannotTell: boolean }
  | { view: 'accounting' }

function decode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

export function parseRoute(hash: string): Route {
  const path = hash.replace(/^#?\/?/, '')
  if (path.startsWith('alerts/')) return { view: 'alert', id: decode(path.slice('alerts/'.length)) }
  if (path === 'sensors' || path === 'sensors/') return { view: 'sensors', id: null, cannotTell: false }
  if (path === 'cannot-tell') return { view: 'sensors', id: null, cannotTell: true }
  if (path.startsWith('sensors/')) {
    return { view: 'sensors', id: decode(path.slice('sensors/'.length)), cannotTell: false }
  }
  if (path.startsWith('accounting')) return { view: 'accounting' }
  return { view: 'alerts' }
}

export const toAlert = (id: string) => `#/alerts/${encodeURIComponent(id)}`
export const toSensor = (id: string) => `#/sensors/${encodeURIComponent(id)}`

export const route = ref<Route>({ view: 'alerts' })

export function startRouting(): void {
  const read = () => {
    route.value = parseRoute(window.location.hash)
  }
  window.addEventListener('hashchange', read)
  read()
}
