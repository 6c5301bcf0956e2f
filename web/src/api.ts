/**
 * The requests of the web API. In go ids and answers of people, out come the shapes of `model.ts`.
 * A request that is not answered within its time fails like a cut network; nothing here retries.
 */
import type { Accounting, Alert, AlertDetail, Park, Readings, Sensor } from './model'

const ANSWER_WITHIN_MS = 8_000
const ACKNOWLEDGE_WITHIN_MS = 5_000

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

interface ErrorBody {
  error?: { message?: string; hint?: string | null }
}

async function request(path: string, withinMs: number, init: RequestInit = {}): Promise<Response> {
  const abort = new AbortController()
  const timer = setTimeout(() => abort.abort(), withinMs)
  try {
    return await fetch(path, {
      ...init,
      signal: abort.signal,
      cache: 'no-store',
      headers: { accept: 'application/json', ...init.headers },
    })
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
    const mayStillStand = status >= 500 || status === 408 || status === 429
    return mayStillStand ? { kind: 'unknown', message } : { kind: 'rejected', status, message }
  },
}
