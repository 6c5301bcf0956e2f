/** Which alert a person is being asked about. An id in, the same id out until the dialog is closed. */
import { shallowRef } from 'vue'

export const askingAbout = shallowRef<string | null>(null)

export function askAbout(alertId: string): void {
  askingAbout.value = alertId
}
