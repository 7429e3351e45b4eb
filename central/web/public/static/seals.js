// Checks a letter's seal in the browser, by the rules of protocol/seal.py: base45 of a COSE_Sign1 with Ed25519, in the one
// form in which a village's server writes it. Nothing of the payload is believed before its signature holds. Where the
// browser has no Ed25519 the form goes to the server, which answers alike.
"use strict";

const PREFIX = "SK1:";
const LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:";
const TEXT_LENGTH_MAX = 772;
const PROTECTED = [0xa2, 0x01, 0x27, 0x04, 0x48];
const DAY_MS = 86_400_000;
const WIB_MS = 7 * 3_600_000;
const MONTHS = "Januari Februari Maret April Mei Juni Juli Agustus September Oktober November Desember".split(" ");

export class Damaged extends Error {}

// --- the form of a seal ----------------------------------------------------------------------------------------------

/** RFC 9285. */
function base45(text) {
  const bytes = [];
  for (let at = 0; at < text.length; at += 3) {
    const digits = [...text.slice(at, at + 3)].map((letter) => LETTERS.indexOf(letter));
    if (digits.includes(-1) || digits.length === 1) throw new Damaged("not base45");
    const number = digits.reduceRight((sum, digit) => sum * 45 + digit, 0);
    if (number >= (digits.length === 3 ? 65536 : 256)) throw new Damaged("not base45");
    if (digits.length === 3) bytes.push(number >> 8);
    bytes.push(number & 255);
  }
  return Uint8Array.from(bytes);
}

/** Canonical CBOR, as far as seals use it: whole numbers, bytes, text, one array, nil; every length in its shortest form. */
class Reader {
  constructor(bytes) {
    this.bytes = bytes;
    this.at = 0;
  }
  take(size) {
    if (this.at + size > this.bytes.length) throw new Damaged("cut off");
    this.at += size;
    return this.bytes.subarray(this.at - size, this.at);
  }
  head(major) {
    const [first] = this.take(1);
    if (first >> 5 !== major) throw new Damaged("another type");
    const low = first & 31;
    if (low < 24) return low;
    if (low > 27) throw new Damaged("no length");
    const size = 1 << (low - 24);
    const number = this.take(size).reduce((sum, byte) => sum * 256 + byte, 0);
    if (number < [24, 256, 65536, 4294967296][low - 24] || !Number.isSafeInteger(number)) throw new Damaged("not shortest");
    return number;
  }
  bytesOf() {
    return this.take(this.head(2));
  }
  text() {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(this.take(this.head(3)));
    } catch {
      throw new Damaged("no UTF-8");
    }
  }
  numberOrNil() {
    if (this.bytes[this.at] !== 0xf6) return this.head(0);
    this.at += 1;
    return null;
  }
  expect(expected) {
    if (this.take(expected.length).some((byte, index) => byte !== expected[index])) throw new Damaged("another form");
  }
  end() {
    if (this.at !== this.bytes.length) throw new Damaged("more behind");
  }
}

/** {keyId, signed, payload, signature} of a text; `signed` is what the signature stands for. Throws Damaged. */
export function read(typed) {
  const text = typed.trim();
  if (text.length > TEXT_LENGTH_MAX || !text.startsWith(PREFIX)) throw new Damaged("not the letters of a seal");
  const reader = new Reader(base45(text.slice(PREFIX.length)));
  reader.expect([0xd2, 0x84, 0x4d, ...PROTECTED]);
  const keyId = reader.take(8);
  reader.expect([0xa0]);
  const start = reader.at;
  const payload = reader.bytesOf();
  const packed = reader.bytes.subarray(start, reader.at);
  reader.expect([0x58, 0x40]);
  const signature = reader.take(64);
  reader.end();
  const context = new TextEncoder().encode("Signature1");
  const signed = Uint8Array.from([0x84, 0x6a, ...context, 0x4d, ...PROTECTED, ...keyId, 0x40, ...packed]);
  return { keyId: hex(keyId), signed, payload, signature };
}

function readPayload(payload) {
  const reader = new Reader(payload);
  reader.expect([0x89]);
  const letter = reader.bytesOf();
  const [kind, number] = [reader.text(), reader.text()];
  const [village, issuedDay] = [reader.head(0), reader.head(0)];
  const validUntilDay = reader.numberOrNil();
  const maskedName = reader.text();
  const [nikTag, digest] = [reader.bytesOf(), reader.bytesOf()];
  reader.end();
  const isOne = letter.length === 16 && nikTag.length === 8 && digest.length === 16 && village >= 1e9 && village < 1e10;
  if (!isOne || !kind || !number) throw new Damaged("signed, but no seal of this version");
  return { letter: hex(letter), kind, number, village: String(village), issuedDay, validUntilDay, maskedName };
}

function hex(bytes) {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

function unhex(text) {
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

// --- the answer ------------------------------------------------------------------------------------------------------

async function isSigned(key, sealed) {
  const publicKey = await crypto.subtle.importKey("raw", unhex(key.public_key), { name: "Ed25519" }, false, ["verify"]);
  return crypto.subtle.verify({ name: "Ed25519" }, publicKey, sealed.signature, sealed.signed);
}

/** {standing, seal}: the standing in the words of protocol/seal.py; `seal` only where its signature holds. */
export async function check(text, list, nowMs) {
  try {
    const sealed = read(text);
    const key = list.keys[sealed.keyId];
    if (!key) return { standing: "kunci tak dikenal" };
    if (!(await isSigned(key, sealed))) return { standing: "rusak" };
    const seal = readPayload(sealed.payload);
    const standing = judge(seal, key, list, nowMs);
    return standing === "kunci tak dikenal" ? { standing } : { standing, seal, place: key.place };
  } catch (error) {
    if (error instanceof Damaged) return { standing: "rusak" };
    throw error;
  }
}

/** What is certain comes first: a revoked letter is revoked however old the list is. */
function judge(seal, key, list, nowMs) {
  const today = Math.floor((nowMs + WIB_MS) / DAY_MS);
  if (key.village !== seal.village) return "kunci tak dikenal";
  const isKeyRevoked = key.revoked_day !== null && seal.issuedDay >= key.revoked_day;
  if (isKeyRevoked || list.revoked.includes(seal.village + seal.letter)) return "dicabut";
  if (seal.validUntilDay !== null && today > seal.validUntilDay) return "kedaluwarsa";
  if (Math.floor((nowMs - list.as_of_ms) / DAY_MS) > list.days_max) return "daftar cabut terlalu lama";
  return "sah";
}

/** Does this browser know Ed25519? Only over https or on the machine itself; Chrome since 137, Firefox 129, Safari 17. */
export async function hasEd25519() {
  try {
    await crypto.subtle.importKey("raw", new Uint8Array(32), { name: "Ed25519" }, false, ["verify"]);
    return true;
  } catch {
    return false;
  }
}

// --- the page --------------------------------------------------------------------------------------------------------

function day(days) {
  const date = new Date(days * DAY_MS);
  return `${date.getUTCDate()} ${MONTHS[date.getUTCMonth()]} ${date.getUTCFullYear()}`;
}

function element(name, text, ...within) {
  const made = document.createElement(name);
  made.textContent = text;
  made.append(...within);
  return made;
}

function show(answer, list) {
  const template = document.querySelector(`template[data-standing="${answer.standing}"]`);
  const { seal } = answer;
  const until = seal?.validUntilDay == null ? "tanpa batas waktu" : day(seal.validUntilDay);
  const words = { office: answer.place ?? "", until, as_of: day(Math.floor((list.as_of_ms + WIB_MS) / DAY_MS)) };
  const sentence = template.content.textContent.replace(/\{(\w+)\}/g, (_, name) => words[name]);
  const notice = element("div", "", element("h2", template.dataset.title), element("p", sentence));
  notice.className = `notice notice-${template.dataset.kind}`;
  const parts = [notice];
  if (seal) {
    const values = [seal.kind.toUpperCase(), seal.number, answer.place, day(seal.issuedDay), until, seal.maskedName];
    const labels = document.getElementById("labels").content.textContent.split("|");
    const facts = element("dl", "", ...labels.map((each, n) => element("div", "", element("dt", each), element("dd", values[n]))));
    facts.className = "facts";
    parts.push(facts);
  }
  document.getElementById("answer").replaceChildren(...parts);
  document.querySelector(".error-summary")?.remove();
}

async function start(form) {
  if (!(await hasEd25519())) {
    document.getElementById("how").textContent =
      "Peramban ini belum dapat memeriksa tanda tangan sendiri: kode diperiksa di server kabupaten, jadi perlu jaringan.";
    return;
  }
  const list = await (await fetch("/verify/list")).json();
  form.addEventListener("submit", async (event) => {
    const text = form.elements.code.value;
    if (!text.trim()) return; // the server says what is missing
    event.preventDefault();
    show(await check(text, list, Date.now()), list);
  });
  document.getElementById("how").textContent =
    "Kode diperiksa di peramban ini dan tidak dikirim. Halaman ini dapat dibuka lagi tanpa jaringan.";
  await navigator.serviceWorker?.register("/verify-worker.js", { scope: "/verify" });
}

const form = document.getElementById("check");
if (form) start(form);
