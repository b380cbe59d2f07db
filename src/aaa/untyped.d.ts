/** What is used here of packages that carry no types. @module */

declare module "js-md4" {
  const md4: { array(message: Uint8Array): number[] };
  export default md4;
}

declare module "des.js" {
  interface Cipher {
    /** Whole blocks of eight octets; without padding nothing is kept back. */
    update(octets: Uint8Array): number[];
  }
  const des: {
    DES: {
      create(options: { type: "encrypt"; key: Uint8Array; padding: false }): Cipher;
    };
  };
  export default des;
}
