/**
 * Every alert that this page knows. In come snapshots of the API and changes from the stream, out
 * comes the newest revision of each; neither an old answer nor a repeated event can put one back.
 */
import { computed, shallowRef } from 'vue'
import { api, ApiError, type AlertsAnswer } from '../api'
import type { Alert, CallNews, Page, Peaks } from '../model'
import { compareEnded, isOpen, levelRank, waitsForPerson } from '../order'

const OPEN_LIMIT = 1000
const DEFAULT_LIMIT = 200
/** A page that stays open for months keeps this many ended alerts; older ones are the server's to show. */
const ENDED_KEPT = 500

interface Known {
  alert: Alert
  position: number
}

const known = new Map<string, Known>()
const version = shallowRef(0)
export const alertsLoaded = shallowRef(false)
/** More alerts are open than one answer holds; the list then says that it is not whole. */
export const truncated = shallowRef(false)

const listeners = new Set<(alert: Alert, before: Alert | null) => void>()
const pageListeners = new Set<(page: Page, alertId: string) => void>()

export const alerts = computed<Alert[]>(() => {
  void version.value
  return [...known.values()].map((entry) => entry.alert)
})
export const openAlerts = computed(() => alerts.value.filter(isOpen))
export const waitingAlerts = computed(() => openAlerts.value.filter(waitsForPerson))

export function alertById(id: string): Alert | null {
  void version.value
  return known.get(id)?.alert ?? null
}

/** Called with each change that the stream brings, and with what stood before it. */
export function onAlert(listener: (alert: Alert, before: Alert | null) => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

export function onPage(listener: (page: Page, alertId: string) => void): () => void {
  pageListeners.add(listener)
  return () => pageListeners.delete(listener)
}

function put(alert: Alert, position: number): boolean {
  const before = known.get(alert.id)
  if (before !== undefined && before.alert.revision > alert.revision) return false
  // Of one revision the later record knows where paging stands.
  const same = before !== undefined && before.alert.revision === alert.revision
  if (same && position < before.position) return false
  known.set(alert.id, { alert, position: Math.max(position, before?.position ?? 0) })
  return true
}

let refreshPlanned = false

/** A storm of changes is shown ten times a second, not ten thousand times. */
function refreshSoon(): void {
  if (refreshPlanned) return
  refreshPlanned = true
  setTimeout(() => {
    refreshPlanned = false
    letOldOnesGo()
    version.value += 1
  }, 100)
}

function letOldOnesGo(): void {
  if (known.size <= ENDED_KEPT) return
  const ended = [...known.values()].map((entry) => entry.alert).filter((alert) => !isOpen(alert))
  for (const alert of ended.sort(compareEnded).slice(ENDED_KEPT)) known.delete(alert.id)
}

export function applyAlert(alert: Alert, position: number | null): void {
  const before = known.get(alert.id)?.alert ?? null
  if (!put(alert, position ?? 0)) return
  refreshSoon()
  if (before === null || before.revision < alert.revision) {
    listeners.forEach((listener) => listener(alert, before))
  }
}

/** Paging moved on for several alerts at once; their revision stays. */
export function applyCall(news: CallNews, position: number | null): void {
  for (const id of news.alerts) {
    const entry = known.get(id)
    if (entry === undefined || (position ?? 0) < entry.position) continue
    known.set(id, { alert: { ...entry.alert, call: news.call }, position: position ?? entry.position })
  }
  refreshSoon()
}

/** A running alarm got worse, which is no change of its own. */
export function applyPeaks(peaks: Peaks): void {
  for (const [id, [at, peak]] of Object.entries(peaks)) {
    const entry = known.get(id)
    if (entry === undefined) continue
    const alert = { ...entry.alert, peak, peak_at: new Date(at).toISOString() }
    known.set(id, { alert, position: entry.position })
  }
  refreshSoon()
}

export function applyPage(page: Page, alertId: string): void {
  pageListeners.forEach((listener) => listener(page, alertId))
}

export function rose(alert: Alert, before: Alert | null): boolean {
  return before !== null && levelRank(alert.level) < levelRank(before.level)
}

async function loadOpen(): Promise<AlertsAnswer & { limit: number }> {
  try {
    return { ...(await api.alerts('open', OPEN_LIMIT)), limit: OPEN_LIMIT }
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 422) throw error
    return { ...(await api.alerts('open', DEFAULT_LIMIT)), limit: DEFAULT_LIMIT }
  }
}

/** Returns the ledger position from which the stream has to go on. */
export async function loadAlerts(): Promise<number> {
  const open = await loadOpen()
  const ended = await api.alerts('ended', DEFAULT_LIMIT)
  for (const alert of ended.alerts) put(alert, ended.position)
  for (const alert of open.alerts) put(alert, open.position)
  truncated.value = open.alerts.length >= open.limit
  if (!truncated.value) await settleMissing(open)
  alertsLoaded.value = true
  version.value += 1
  return open.position
}

/** What was open here and is not in the server's list: ask for it by name, drop it only when it is gone. */
async function settleMissing(open: AlertsAnswer): Promise<void> {
  const listed = new Set(open.alerts.map((alert) => alert.id))
  const missing = [...known.values()].filter(
    (entry) => isOpen(entry.alert) && entry.position <= open.position && !listed.has(entry.alert.id),
  )
  for (const entry of missing) {
    try {
      put((await api.alert(entry.alert.id)).alert, open.position)
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) known.delete(entry.alert.id)
      else throw error
    }
  }
}

export function forgetAlerts(): void {
  known.clear()
  alertsLoaded.value = false
  version.value += 1
}
