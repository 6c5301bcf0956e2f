/**
 * The requests of the web API. In go ids and answers of people, out come the shapes of `model.ts`.
 * A request that is not answered within its time fails like a cut network; nothing here retries.
 */
import type { Accounting, Alert, AlertDetail, Park, Readings, Sensor } from './model'
import type { LoginAnswer, Session } from './session'

const ANSWER_WITHIN_MS = 8_000
const ACKNOWLEDGE_WITHIN_MS = 5_000
const LOGIN_WITHIN_MS = 20_000
const LOGIN = '/api/login'

/** The server answered, and the answer was not a success. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly hint: string | null,
  ) {
    super(message)
  }
}

const loggedOutListeners = new Set<() => void>()

/** Called when the server says that nobody is logged in. */
export function onLoggedOut(listener: () => void): void {
  loggedOutListeners.add(listener)
}

let personPresent = () => true

/** Without a person at the page its own questions must not keep a login alive. */
export function tellPresence(present: () => boolean): void {
  personPresent = present
}

interface ErrorBody {
  error?: { message?: string; hint?: string | null }
}

async function request(path: string, withinMs: number, init: RequestInit = {}): Promise<Response> {
  const abort = new AbortController()
  const timer = setTimeout(() => abort.abort(), withinMs)
  try {
    const response = await fetch(path, {
      ...init,
      signal: abort.signal,
      cache: 'no-store',
      headers: { accept: 'application/json', 'x-fenceline': personPresent() ? 'active' : 'idle', ...init.headers },
    })
    if (response.status === 401 && path !== LOGIN) loggedOutListeners.forEach((listener) => listener())
    return response
  } finally {
    clearTimeout(timer)
  }
}

async function failure(response: Response): Promise<ApiError> {
  const body = (await response.json().catch(() => ({}))) as ErrorBody
  return new ApiError(response.status, body.error?.message ?? `HTTP ${response.status}`, body.error?.hint ?? null)
}

async function get<Answer>(path: string): Promise<Answer> {
  const response = await request(path, ANSWER_WITHIN_MS)
  if (!response.ok) throw await failure(response)
  return (await response.json()) as Answer
}

export interface AlertsAnswer {
  alerts: Alert[]
  position: number
}

/** How the server took one acknowledgement; `unknown` means it cannot say that it is recorded. */
export type AcknowledgeAnswer =
  | { kind: 'recorded' }
  | { kind: 'unknown'; message: string }
  | { kind: 'rejected'; status: number; message: string }

export type ActionStatus = { status: 'pending' | 'stands' | 'refused'; reason: string | null }

export const api = {
  park: () => get<Park>('/api/park'),

  sensors: async () => (await get<{ sensors: Sensor[] }>('/api/sensors')).sensors,

  alerts: (state: 'open' | 'ended', limit: number) => get<AlertsAnswer>(`/api/alerts?state=${state}&limit=${limit}`),

  alert: (id: string) => get<AlertDetail>(`/api/alerts/${encodeURIComponent(id)}`),

  accounting: () => get<Accounting>('/api/accounting'),

  readings: (sensor: string, fromMs: number, toMs: number, points: number) => {
    const query = new URLSearchParams({
      sensor,
      from: new Date(fromMs).toISOString(),
      to: new Date(toMs).toISOString(),
      points: String(points),
    })
    return get<Readings>(`/api/readings?${query}`)
  },

  action: (actionId: string) => get<ActionStatus>(`/api/actions/${encodeURIComponent(actionId)}`),

  acknowledge: async (alertId: string, name: string, revision: number, actionId: string): Promise<AcknowledgeAnswer> => {
    let response: Response
    try {
      response = await request(`/api/alerts/${encodeURIComponent(alertId)}/acknowledge`, ACKNOWLEDGE_WITHIN_MS, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name, revision, action_id: actionId }),
      })
    } catch (error) {
      return { kind: 'unknown', message: error instanceof Error ? error.message : String(error) }
    }
    if (response.ok) return { kind: 'recorded' }
    const { status, message } = await failure(response)
    // Not logged in is no refusal: after the next login the same person asks on under the same id.
    const mayStillStand = status >= 500 || status === 401 || status === 408 || status === 429
    return mayStillStand ? { kind: 'unknown', message } : { kind: 'rejected', status, message }
  },

  session: () => get<Session>('/api/session'),

  logIn: async (name: string, password: string): Promise<LoginAnswer> => {
    try {
      const response = await request(LOGIN, LOGIN_WITHIN_MS, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ name, password }),
      })
      if (response.ok) return { kind: 'in', session: (await response.json()) as Session }
      if (response.status === 401) return { kind: 'wrong' }
      if (response.status === 429) return { kind: 'wait', seconds: Number(response.headers.get('retry-after') ?? 60) }
      return { kind: 'failed', message: (await failure(response)).message }
    } catch (error) {
      return { kind: 'failed', message: error instanceof Error ? error.message : String(error) }
    }
  },

  /** Whether the server has ended the session. */
  logOut: async (): Promise<boolean> => {
    const response = await request('/api/logout', ANSWER_WITHIN_MS, { method: 'POST' }).catch(() => null)
    return response !== null && response.ok
  },
}
