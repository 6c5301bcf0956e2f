/** Limits of the API turned into chart lines, the level's word in each label. */
import { formatLimit } from '../format'
import { pickName } from '../i18n'
import type { AlertLimit, Level, SensorLimit } from '../model'
import { levelFull } from '../stores/wording'
import type { Line } from './scale'

type AnyLimit = (SensorLimit | AlertLimit) & { level?: Level }

function label(limit: AnyLimit): string {
  const level = limit.level === undefined ? '' : `${levelFull(limit.level)} `
  return `${level}${formatLimit(limit)} ${pickName(limit.name)}`.trim()
}

/** A range has two ends, and each is a line of its own. */
export function linesOf(limits: readonly AnyLimit[]): Line[] {
  return limits.flatMap((limit) => {
    const line: Line = { level: limit.level ?? null, value: limit.value, direction: limit.direction, label: label(limit) }
    if (limit.direction !== 'outside') return [line]
    const lower: Line = { ...line, direction: 'below' }
    return limit.upper === null || limit.upper === undefined
      ? [lower]
      : [lower, { ...line, direction: 'above', value: limit.upper }]
  })
}
