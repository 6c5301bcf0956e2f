import { describe, expect, it } from 'vitest'
import type { Alert } from '../src/model'
import { arrange, compareAlerts, isOpen, waitsForPerson, type Filters } from '../src/order'
import { anAlert } from './examples'

const ALL: Filters = { tier: null, level: null, owner: null, show: 'open' }
const ids = (alerts: Alert[]) => alerts.map((alert) => alert.id)

describe('the order of alerts', () => {
  it('puts what waits for a person first, even below a worse one that is acknowledged', () => {
    const acknowledged = anAlert({ id: 'red', level: 'red', state: 'acknowledged' })
    const waiting = anAlert({ id: 'blue', level: 'blue', state: 'unacknowledged' })

    expect(ids(arrange([acknowledged, waiting], ALL))).toEqual(['blue', 'red'])
  })

  it('goes from red to attention among those that wait', () => {
    const levels = ['attention', 'yellow', 'red', 'blue', 'orange'] as const
    const alerts = levels.map((level) => anAlert({ id: level, level }))

    expect(ids(arrange(alerts, ALL))).toEqual(['red', 'orange', 'yellow', 'blue', 'attention'])
  })

  it('puts the newest first within a level, and the order does not depend on the input', () => {
    const old = anAlert({ id: 'old', raised_at: '2026-03-01T02:00:00.000Z' })
    const young = anAlert({ id: 'young', raised_at: '2026-03-01T02:00:01.000Z' })

    expect(ids([old, young].sort(compareAlerts))).toEqual(['young', 'old'])
    expect(ids([young, old].sort(compareAlerts))).toEqual(['young', 'old'])
  })

  it('counts an alert that returned without an answer as waiting', () => {
    expect(waitsForPerson(anAlert({ state: 'returned' }))).toBe(true)
    expect(waitsForPerson(anAlert({ state: 'acknowledged' }))).toBe(false)
  })

  it('takes every state but normal for open', () => {
    expect(isOpen(anAlert({ state: 'shelved' }))).toBe(true)
    expect(isOpen(anAlert({ state: 'normal' }))).toBe(false)
  })

  it('filters by tier, level, owner and open or ended', () => {
    const alerts = [
      anAlert({ id: 'a', tier: 'park', owner: 'park' }),
      anAlert({ id: 'b', level: 'red' }),
      anAlert({ id: 'c', state: 'normal', ended_at: '2026-03-01T03:00:00.000Z' }),
    ]

    expect(ids(arrange(alerts, { ...ALL, tier: 'park' }))).toEqual(['a'])
    expect(ids(arrange(alerts, { ...ALL, level: 'red' }))).toEqual(['b'])
    expect(ids(arrange(alerts, { ...ALL, owner: 'park' }))).toEqual(['a'])
    expect(ids(arrange(alerts, { ...ALL, show: 'ended' }))).toEqual(['c'])
  })
})
