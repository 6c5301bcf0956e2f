import { describe, expect, it } from 'vitest'
import { parseRoute, toAlert, toSensor } from '../src/stores/route'

describe('addresses', () => {
  it('bring an alert’s id back whole, whatever it holds', () => {
    const id = 'h2s/e01-u1-h2s-1/2026-03-01T02:00:00Z?#1 苯%'

    expect(parseRoute(toAlert(id))).toEqual({ view: 'alert', id })
  })

  it('also open a page’s link whose id was not encoded', () => {
    expect(parseRoute('#/alerts/h2s/e01/7')).toEqual({ view: 'alert', id: 'h2s/e01/7' })
    expect(parseRoute('#/alerts/100%')).toEqual({ view: 'alert', id: '100%' })
  })

  it('open the sensors, one of them, or those that cannot tell', () => {
    expect(parseRoute('#/sensors')).toEqual({ view: 'sensors', id: null, cannotTell: false })
    expect(parseRoute(toSensor('a/b'))).toEqual({ view: 'sensors', id: 'a/b', cannotTell: false })
    expect(parseRoute('#/cannot-tell')).toEqual({ view: 'sensors', id: null, cannotTell: true })
  })

  it('lead to the alerts when they name nothing', () => {
    expect(parseRoute('')).toEqual({ view: 'alerts' })
    expect(parseRoute('#/somewhere')).toEqual({ view: 'alerts' })
  })
})
