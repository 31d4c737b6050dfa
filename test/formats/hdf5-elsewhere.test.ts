import { beforeAll, describe, expect, it } from "vitest";
import { Hdf5Reader, readArray } from "../../ts/io/index.js";
import { init } from "../../ts/runtime/index.js";

const path = (name: string): string => `test/formats/fixtures/hdf5/${name}.h5`;

beforeAll(async () => await init());

const refused = (text: string) => ({
  code: "file_unsupported",
  message: expect.stringContaining(text) as string,
});

describe("values that are in another file", () => {
  it("of a view, for which HDF5 gives the fill value, are refused", async () => {
    const itself = await readArray(path("view_of_itself"), { dataset: "view" });
    expect([...itself.data]).toEqual([0, 1, 2, 3, 4, 5]);
    await expect(readArray(path("view_of_another"))).rejects.toMatchObject(refused('"another.h5"'));
    const file = await Hdf5Reader.open("test", path("view_of_another"));
    await expect(file.read("view")).rejects.toMatchObject(refused('"another.h5"'));
    await file.close();
  });

  it("of a link are refused with the place", async () => {
    const text = '"other" is a link to "/entry/data" in the file "another.h5"';
    for (const [name, dataset] of [
      ["links", undefined],
      ["links", "other"],
      ["link_and_array", "other"],
    ] as const) {
      await expect(readArray(path(name), dataset === undefined ? {} : { dataset })).rejects.toMatchObject(
        refused(name === "links" && dataset === undefined ? "another.h5" : text),
      );
    }
    await expect(readArray(path("links"), { dataset: "group/other/data" })).rejects.toMatchObject(
      refused('"group/other" is a link to "/entry"'),
    );
    expect((await readArray(path("link_and_array"))).shape).toEqual([2, 3]);
    await expect(readArray(path("link_and_array"), { dataset: "others" })).rejects.toMatchObject({
      code: "missing_key",
    });
  });

  it("of raw data are refused", async () => {
    await expect(readArray(path("raw"))).rejects.toMatchObject(refused("raw data beside this one"));
  });
});

describe("elements that the library does not give as they are", () => {
  it("integers of fewer bits than their bytes have", async () => {
    for (const dataset of ["signed", "shifted"])
      await expect(readArray(path("packed"), { dataset })).rejects.toMatchObject(refused("12 bits of 16"));
    expect([...(await readArray(path("packed"), { dataset: "unsigned" })).data]).toEqual([1, 2, 3, 4095]);
    expect([...(await readArray(path("packed"), { dataset: "whole" })).data]).toEqual([1, -2, 3, -4]);
  });

  it("records with gaps are no complex numbers", async () => {
    expect([...(await readArray(path("records"))).data]).toEqual([1, 3, 2, 4]);
    await expect(readArray(path("records"), { dataset: "gaps" })).rejects.toMatchObject(refused("records of r, i"));
  });

  it("big-endian enumerations", async () => {
    await expect(readArray(path("records"), { dataset: "kinds" })).rejects.toMatchObject(refused("big-endian"));
  });
});
