import { describe, expect, it } from 'vitest'
import { allows, carriesOn, loggedOut, mustLogIn, type Session } from '../src/session'
import { startWatch, takeStatus, whenLoggedOut } from '../src/watchdog'
import type { Status } from '../src/model'

const OPEN: Session = {
  accounts: false,
  name: null,
  display_name: null,
  role: null,
  may: ['see', 'acknowledge', 'redrive', 'manage'],
  ends_at: null,
}
const MONITOR: Session = {
  accounts: true,
  name: '张伟',
  display_name: '张伟（监测）',
  role: 'monitor',
  may: ['see', 'acknowledge'],
  ends_at: '2026-03-08T02:00:00.000Z',
}
const VIEWER: Session = { ...MONITOR, role: 'viewer', may: ['see'] }

describe('a session', () => {
  it('asks for a login only where there are accounts and nobody is logged in', () => {
    expect([mustLogIn(null), mustLogIn(OPEN), mustLogIn(MONITOR), mustLogIn(loggedOut(MONITOR))]).toEqual([
      false,
      false,
      false,
      true,
    ])
  })

  it('offers what is known to be allowed, and nothing before the server has spoken', () => {
    expect([allows(null, 'acknowledge'), allows(OPEN, 'acknowledge'), allows(MONITOR, 'acknowledge')]).toEqual([
      false,
      true,
      true,
    ])
    expect([allows(VIEWER, 'see'), allows(VIEWER, 'acknowledge'), allows(loggedOut(MONITOR), 'see')]).toEqual([
      true,
      false,
      false,
    ])
  })

  it('carries on only what the same person began', () => {
    expect(carriesOn(MONITOR, '张伟')).toBe(true)
    expect(carriesOn(MONITOR, '李娜')).toBe(false)
    expect(carriesOn(loggedOut(MONITOR), '张伟')).toBe(false)
    expect(carriesOn(OPEN, '李娜')).toBe(true)
  })
})

describe('a page whose login ended', () => {
  const status = { server_time: '2026-03-01T02:00:01.000Z', folded_to: '2026-03-01T02:00:00.000Z' } as Status

  it('is blind at once, however fresh its last picture is', () => {
    const watch = takeStatus(startWatch(0), status, 100)

    expect(whenLoggedOut(watch, 100)).toEqual({
      sight: 'blind',
      cause: 'logged_out',
      sinceMs: Date.parse('2026-03-01T02:00:00.000Z'),
      ageMs: 1000,
    })
  })

  it('knows no time where it never saw anything', () => {
    expect(whenLoggedOut(startWatch(0), 10)).toEqual({ sight: 'blind', cause: 'logged_out', sinceMs: null, ageMs: null })
  })
})
