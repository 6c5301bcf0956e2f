/** Whole objects of the API for tests, which change only what they are about. */
import type { Alert } from '../src/model'

export function anAlert(part: Partial<Alert> = {}): Alert {
  return {
    id: 'h2s/e01-u1-h2s-1/2026-03-01T02:00:00Z',
    revision: 1,
    level_revision: 1,
    rule: 'h2s',
    rule_version: '1',
    rule_title: { zh: '硫化氢超限', en: 'Hydrogen sulfide above limit' },
    subject: 'e01-u1-h2s-1',
    subject_name: { zh: '一号装置', en: 'Unit 1' },
    owner: 'e01',
    owner_name: { zh: '甲一化工', en: 'Jiayi Chemical' },
    tier: 'enterprise',
    level: 'yellow',
    state: 'unacknowledged',
    condition: 'true',
    quantity: 'h2s',
    quantity_name: { zh: '硫化氢', en: 'Hydrogen sulfide' },
    value: 8.2,
    peak: 9.1,
    unit: 'ppm',
    limit: { name: 'GDS', value: 7.1, unit: 'ppm', direction: 'above', source: 'GB/T 50493-2019' },
    onset: '2026-03-01T02:00:00.000Z',
    raised_at: '2026-03-01T02:00:10.000Z',
    changed_at: '2026-03-01T02:00:10.000Z',
    acknowledged_by: null,
    acknowledged_at: null,
    ended_at: null,
    reason: null,
    simulated: true,
    position: [118.3, 33.95],
    placement: 'unit',
    call: null,
    ...part,
  }
}
