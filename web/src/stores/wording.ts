/** How an alert is put in words, the same in list, dialog, detail, title and announcement. */
import { formatValue } from '../format'
import { pickName, placeName, t, type Key } from '../i18n'
import type { Alert, Level } from '../model'

export const levelFull = (level: Level) => t(`level.${level}.full` as Key)
export const alertPlace = (alert: Alert) => placeName(alert.owner_name, alert.subject_name)
export const alertSubstance = (alert: Alert) => pickName(alert.quantity_name)
export const alertValue = (alert: Alert) => formatValue(alert.value, alert.unit)
