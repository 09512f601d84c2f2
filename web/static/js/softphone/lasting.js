// A conversation that outlives its signalling. JsSIP (3.13) hangs up when a message of an established call fails: the
// WebSocket dropped, ICE failed for a while, a hold was not answered. Here only a person, or the PBX, ends a call.
import { C } from "jssip";

// JsSIP's own word for "the PBX knows no such call": then it is over.
const OVER = new Set([C.causes.DIALOG_ERROR, C.causes.NO_ACK]);
const ICE_MS = 500; // gathering may stall for a minute (an unplugged network card); what is there by then will do

/** trouble: told what would have ended the call. Returns the way to really end it. */
export function lasting(session, trouble) {
  const end = session.terminate.bind(session);
  session.terminate = (options = {}) => {
    if (session.isEnded()) return;
    if (session.isEstablished() && !OVER.has(options.cause)) return trouble(options.cause ?? "");
    end(options);
  };
  return (options = {}) => {
    if (!session.isEnded()) end(options);
  };
}

/** Say our offer or answer with the addresses known by then. */
export function prompt(session) {
  let timer = 0;
  session.on("icecandidate", ({ ready }) => {
    timer ||= setTimeout(ready, ICE_MS);
  });
}

/** Tell the PBX where we are now: it sends what belongs to a call to the connection that the call last spoke from. */
export function refresh(session) {
  if (!session.isEstablished()) return;
  const eventHandlers = { onDialogError: () => session.onDialogError() };
  session.sendRequest(C.UPDATE, { extraHeaders: [`Contact: ${session.contact}`], eventHandlers });
}

/** The dialog's ids, by which the PBX lets another leg take its place (RFC 3891); null before the call is answered. */
export function dialogOf(session) {
  const id = session._dialog?.id;
  return id ? { call: id.call_id, local: id.local_tag, remote: id.remote_tag } : null;
}

/** The header of an INVITE that takes the place of a dialog of ours. */
export const replaces = ({ call, local, remote }) => `Replaces: ${call};to-tag=${remote};from-tag=${local}`;
