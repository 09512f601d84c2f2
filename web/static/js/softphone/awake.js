// The screen stays on during a call: a sleeping notebook drops it.
let lock = null;
let wanted = false;

export async function stayAwake(on) {
  wanted = on;
  if (!navigator.wakeLock) return;
  if (!on) {
    await lock?.release().catch(() => {});
    lock = null;
  } else if (!lock && document.visibilityState === "visible") {
    lock = await navigator.wakeLock.request("screen").catch(() => null);
    lock?.addEventListener("release", () => (lock = null));
    if (!wanted) stayAwake(false);
  }
}

document.addEventListener("visibilitychange", () => wanted && stayAwake(true)); // the browser takes it back from a hidden tab
