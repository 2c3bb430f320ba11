// What a codec must give back: the law that tests of it share.

/** Whether a copy is what an original should be after its way through a codec. Written without regard for the codec. */
export function same(copy: any, original: any): boolean {
  if (typeof original !== 'object' || original === null) return Object.is(copy, original);
  if (typeof copy !== 'object' || copy === null || copy === original) return false;
  const prototype: unknown = Object.getPrototypeOf(original) ?? Object.prototype;
  if (original instanceof Error) {
    return (
      Object.getPrototypeOf(copy) === Error.prototype &&
      same(
        [copy.name, copy.message, 'cause' in copy, copy.cause, copy.code],
        [
          original.name,
          original.message,
          'cause' in original,
          original.cause,
          (original as { code?: string }).code,
        ],
      )
    );
  }
  if (Object.getPrototypeOf(copy) !== prototype) return false;
  if (original instanceof Date) return Object.is(copy.getTime(), original.getTime());
  if (original instanceof Map || original instanceof Set) return same([...copy], [...original]);
  if (original instanceof ArrayBuffer) return same([...new Uint8Array(copy)], [...new Uint8Array(original)]);
  if (ArrayBuffer.isView(original)) return same(shownBy(copy), shownBy(original));
  const keys = Object.keys(original);
  return (
    same(Object.keys(copy).join('\n'), keys.join('\n')) && keys.every((key) => same(copy[key], original[key]))
  );
}

function shownBy({ buffer, byteOffset, byteLength }: ArrayBufferView): ArrayBufferLike {
  return buffer.slice(byteOffset, byteOffset + byteLength);
}
