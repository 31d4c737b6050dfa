/** The parts of h5wasm's module that are used: its own declarations lack some. */

/** What the library says of a dataset, attribute or member of a record. */
export interface Metadata {
  /** HDF5's class of types: 0 integer, 1 float, 3 text, 6 record, 8 enumeration, 9 lists. */
  readonly type: number;
  /** Bytes of an element. */
  readonly size: number;
  readonly signed: boolean;
  /** Whether it is text of varying length. */
  readonly vlen: boolean;
  readonly shape: number[] | null;
  readonly total_size: number;
  readonly littleEndian: boolean;
  readonly chunks: number[] | null;
  readonly compound_type?: {
    readonly members: readonly (Metadata & { readonly name: string; readonly offset: number })[];
  };
  readonly enum_type?: { readonly members: Readonly<Record<string, number>> };
  readonly vlen_type?: Metadata;
  /** Where the values of a view are; "." is the file itself. */
  readonly virtual_sources?: readonly { readonly file_name: string; readonly dset_name: string }[];
}

/** A step that chunks went through when they were written. */
export interface Filter {
  readonly id: number;
  readonly cd_values: readonly number[];
}

type Hyperslab = bigint[] | null;

/** The compiled library; names and paths are of its file system and of the HDF5 file. */
export interface H5Module {
  readonly FS: unknown;
  readonly HEAPU8: Uint8Array;
  readonly H5F_ACC_RDONLY: number;
  readonly H5G_GROUP: number;
  readonly H5G_DATASET: number;
  _malloc(bytes: number): number;
  _free(at: number): void;
  open(path: string, mode: number, trackOrder: boolean, oldest: number, newest: number): bigint;
  close_file(file: bigint): number;
  activate_throwing_error_handler(): number;
  get_names(file: bigint, path: string, recursive: boolean): string[];
  get_type(file: bigint, path: string): number;
  get_dataset_metadata(file: bigint, path: string): Metadata;
  get_dataset_filters(file: bigint, path: string): Filter[];
  get_external_link(file: bigint, path: string): { readonly filename?: string; readonly obj_path?: string };
  get_dataset_data(
    file: bigint,
    path: string,
    count: Hyperslab,
    offset: Hyperslab,
    stride: Hyperslab,
    at: bigint,
  ): number;
  get_attribute_names(file: bigint, path: string): string[];
  get_attribute_metadata(file: bigint, path: string, name: string): Metadata;
  get_attribute_data(file: bigint, path: string, name: string, at: bigint): number;
  reclaim_vlen_memory_count(file: bigint, path: string, attribute: string, at: bigint, count: bigint[]): number;
}

/** A file of the module's file system. */
export interface FileNode {
  node_ops: { readonly getattr: (node: FileNode) => object };
  stream_ops: {
    readonly read: (stream: object, buffer: Uint8Array, offset: number, length: number, position: number) => number;
  };
}

/** Emscripten's file system. */
export interface FileSystem {
  createFile(parent: string, name: string, properties: object, canRead: boolean, canWrite: boolean): FileNode;
  unlink(path: string): void;
}
