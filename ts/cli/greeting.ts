/** What `adjoint` without arguments prints: three things to try, and where to read on. */
export function greeting(version: string): string {
  return `adjoint ${version}: images from noisy or incomplete measurements.

Three things to try:

  npx adjoint denoise photo.jpg -o clean.png   take the noise from a picture, learning from it alone
  npx adjoint start --steps 200                train on the bundled photographs (half a minute)
  npx adjoint new my-training                  a project in TypeScript with a training that runs

npx adjoint --help lists all commands.
`;
}
