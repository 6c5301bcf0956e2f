import { beforeEach, describe, expect, it } from 'vitest'
import { formatAge, formatClock, formatLag, formatLimit, formatNumber, formatTime, formatValue, timesLimit } from '../src/format'
import { setLanguage } from '../src/i18n'

beforeEach(() => setLanguage('en'))

describe('values', () => {
  it('shows zero as zero and missing as a dash, never one as the other', () => {
    expect(formatValue(0, 'ppm')).toBe('0 ppm')
    expect(formatValue(-0, 'ppm')).toBe('0 ppm')
    expect(formatValue(null, 'ppm')).toBe('—')
    expect(formatValue(undefined, 'ppm')).toBe('—')
    expect(formatValue(Number.NaN, 'ppm')).toBe('—')
    expect(formatValue(Number.POSITIVE_INFINITY, 'ppm')).toBe('—')
  })

  it('never rounds a small value to zero', () => {
    expect(formatNumber(0.00057)).toBe('0.00057')
    expect(formatNumber(0.00000004)).toBe('0.00000004')
    expect(formatNumber(-0.0004)).toBe('-0.0004')
  })

  it('keeps as many digits as a person can use', () => {
    expect(formatNumber(0.61364)).toBe('0.614')
    expect(formatNumber(4.2)).toBe('4.2')
    expect(formatNumber(12.345)).toBe('12.35')
    expect(formatNumber(123.45)).toBe('123.5')
    expect(formatNumber(12345.6)).toBe('12,346')
  })

  it('says at least for a value beyond the range', () => {
    expect(formatValue(100, 'ppm', 'over_range')).toBe('≥ 100 ppm')
  })

  it('shows a limit with its direction', () => {
    expect(formatLimit({ value: 10, unit: 'ppm', direction: 'above' })).toBe('≥ 10 ppm')
    expect(formatLimit({ value: 0, unit: 'Pa', direction: 'below' })).toBe('≤ 0 Pa')
    expect(formatLimit({ value: 19.5, unit: '%', direction: 'outside', upper: 23.5 })).toBe('19.5 – 23.5 %')
  })

  it('tells how many times a limit only where that means something', () => {
    const limit = { value: 10, unit: 'ppm', direction: 'above' as const }

    expect(timesLimit(23, limit)).toBe('2.3')
    expect(timesLimit(0, limit)).toBeNull()
    expect(timesLimit(null, limit)).toBeNull()
    expect(timesLimit(23, { ...limit, value: 0 })).toBeNull()
    expect(timesLimit(23, { ...limit, direction: 'below' })).toBeNull()
    expect(timesLimit(23, null)).toBeNull()
  })
})

describe('times', () => {
  it('are Asia/Shanghai wall time, whatever the browser thinks', () => {
    expect(formatClock(Date.parse('2026-03-01T16:00:05.000Z'))).toBe('00:00:05')
  })

  it('carry the date when that is another day in Shanghai', () => {
    const now = Date.parse('2026-03-01T16:00:05.000Z')

    expect(formatTime(Date.parse('2026-03-01T15:59:59.000Z'), now)).toBe('2026-03-01 23:59:59')
    expect(formatTime(Date.parse('2026-03-01T16:00:00.000Z'), now)).toBe('00:00:00')
  })

  it('take the epoch for a time and null for none', () => {
    expect(formatClock(0)).toBe('08:00:00')
    expect(formatClock(null)).toBe('--:--:--')
    expect(formatAge(0)).toBe('0 s')
    expect(formatAge(null)).toBe('—')
  })

  it('show ages in the two largest units', () => {
    expect(formatAge(59_999)).toBe('59 s')
    expect(formatAge(185_000)).toBe('3 min 05 s')
    expect(formatAge(8_040_000)).toBe('2 h 14 min')
    expect(formatAge(273_600_000)).toBe('3 d 4 h')
    expect(formatLag(840)).toBe('0.8 s')
  })

  it('follow the language', () => {
    setLanguage('zh')

    expect(formatAge(185_000)).toBe('3 分 05 秒')
  })
})
