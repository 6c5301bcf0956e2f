/** The park as configured: its names, outlines and receptors. Loaded once, and again after another server. */
import { shallowRef } from 'vue'
import { api } from '../api'
import type { Park } from '../model'

export const park = shallowRef<Park | null>(null)

export async function loadPark(): Promise<void> {
  park.value = await api.park()
}
