/**
 * The words of the web API as TypeScript types: what the server sends comes in as these shapes,
 * and every other file speaks of them. Nothing here computes.
 */
export const LEVELS = ['red', 'orange', 'yellow', 'blue', 'attention'] as const
export type Level = (typeof LEVELS)[number]

export const TIERS = ['enterprise', 'park', 'community'] as const
export type Tier = (typeof TIERS)[number]

export const QUALITIES = [
  'good',
  'uncertain',
  'conflict',
  'manual',
  'historical',
  'bad',
  'calibration',
  'maintenance',
  'over_range',
  'fault',
  'no_communication',
] as const
export type Quality = (typeof QUALITIES)[number]

export type AlertState =
  | 'unacknowledged'
  | 'acknowledged'
  | 'returned'
  | 'normal'
  | 'latched'
  | 'shelved'
  | 'suppressed'
  | 'out_of_service'

export type Condition = 'true' | 'false' | 'unknown'
export type Direction = 'above' | 'below' | 'outside'
export type Position = [number, number]

export interface Name {
  zh: string
  en: string
}

export interface Enterprise {
  id: string
  name: Name
  kind: 'enterprise' | 'park' | 'community'
  polygon: Position[]
}

export interface Receptor {
  id: string
  name: Name
  kind: 'school' | 'hospital' | 'village'
  population: number
  position: Position
}

export interface Park {
  id: string
  name: Name
  simulated: boolean
  boundary: Position[]
  enterprises: Enterprise[]
  receptors: Receptor[]
  substances: { id: string; name: Name; formula: string | null }[]
}

/** A limit's name may be one text or one per language; `pickName` reads both. */
export type LimitName = string | Name | null

export interface SensorLimit {
  rule: string
  level: Level
  name: LimitName
  value: number
  unit: string
  direction: Direction
  source: LimitName
  /** With `outside` only: `value` is then the lower end. */
  upper?: number | null
}

export interface Sensor {
  id: string
  name: Name
  owner: string
  owner_name: Name
  tier: Tier
  placement: string
  unit_name: Name | null
  quantity: string
  quantity_name: Name
  unit: string
  range: [number, number]
  interval_seconds: number
  hold_seconds: number
  position: Position
  value: number | null
  time: string | null
  quality: string | null
  state: 'current' | 'cannot_tell'
  reason: string | null
  limits: SensorLimit[]
}

export interface AlertLimit {
  name: LimitName
  value: number
  unit: string
  direction: Direction
  source: LimitName
  /** With `outside` only: `value` is then the lower end. */
  upper?: number | null
}

export interface Call {
  id: string
  step: number
  cycle: number
  pages_due: number
  answered_by: string | null
}

export interface Alert {
  id: string
  revision: number
  level_revision?: number
  rule: string
  rule_version: number | string
  rule_title: Name
  subject: string
  subject_name: Name
  owner: string
  owner_name: Name
  tier: Tier
  level: Level
  highest_level: Level
  state: AlertState
  /** Unknown means: it cannot tell whether it still holds, and why stands in `reason`. */
  condition: Condition
  quantity: string
  quantity_name: Name
  value: number | null
  value_at: string | null
  peak: number | null
  peak_at: string | null
  unit: string
  limit: AlertLimit | null
  onset: string
  raised_at: string
  changed_at: string
  acknowledged_by: string | null
  acknowledged_at: string | null
  ended_at: string | null
  reason: string | null
  simulated: boolean
  position: Position | null
  placement: string
  call: Call | null
}

export interface Attempt {
  n: number
  channel: string | null
  at: string
  result: string | null
  receipt_at: string | null
  detail: string
}

/** Where paging of several alerts stands now. */
export interface CallNews {
  call: Call
  alerts: string[]
}

/** The worst values of alerts that got worse: alert → time in ms, value. */
export type Peaks = Record<string, [number, number | null]>

export interface Page {
  id: string
  number: number | string
  revision: number
  recipient: string
  recipient_name: Name
  step: number
  channel: string | null
  state: 'due' | 'sent' | 'delivered' | 'failed' | 'expired' | 'cancelled'
  due_at: string
  expires_at: string
  text: { zh: string[]; en: string[] }
  attempts: Attempt[]
}

export interface HistoryEntry {
  at: string
  change: string
  by: string | null
  /** None, as level and state, where only the paging moved on. */
  revision: number | null
  level: Level | null
  state: AlertState | null
  condition: Condition | null
  value: number | null
  peak: number | null
  reason: string | null
  step: number | null
  cycle: number | null
  detail: string | null
}

export interface AlertDetail {
  alert: Alert
  history: HistoryEntry[]
  pages: Page[]
  evidence: Record<string, unknown>
}

export interface Readings {
  sensor: string
  unit: string
  times: number[]
  values: (number | null)[]
  quality: string[]
}

export interface Stage {
  stage: string
  in: number
  out: number
  rejected: number
  late: number
  duplicate: number
  in_flight: number
  lost_before_us: number
  balanced: boolean
  reasons: Record<string, Record<string, number>>
}

export interface Accounting {
  stages: Stage[]
  /** A sentence for each place where the stages contradict each other. */
  contradictions?: string[]
  at: string
}

export interface Hello {
  park: string
  simulated: boolean
  position: number
  server_time: string
}

export interface Status {
  server_time: string
  folded_to: string | null
  watching: number
  cannot_tell: number
  sensors: number
  open: number
  unacknowledged: number
  engine: 'live' | 'behind'
  balanced: boolean
  received_per_second: number
  /** Whether the journal takes records; a station of an earlier release does not say. */
  journal?: 'ok' | 'not_durable' | 'full'
}

/** One second's new readings: sensor id to [epoch milliseconds, value, quality]. */
export type Values = Record<string, [number, number | null, string]>
