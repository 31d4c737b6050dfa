/** The error of a function as plain data; `undefined` if it succeeds. */
export async function failure(
  work: () => unknown,
): Promise<{ name: string; code: string; message: string } | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    const { name, code, message } = error as { name: string; code: string; message: string };
    return { name, code, message };
  }
}
