"""Writes the files of odd/: each has parts that few programs write, some of which are not read.

    pip install numpy==2.4.6 scipy==1.17.1 h5py==3.16.0 hdf5plugin==7.1.0
    python tests/data/recordings/make_odd_files.py

What is beside the odd parts must be read all the same: `x`, which is 0, 1, ..., 8, or the numbers
that the tests repeat.
"""

import io
import struct
import zipfile
from pathlib import Path

import h5py
import hdf5plugin
import numpy as np
import scipy.io
import scipy.sparse

ODD = Path(__file__).parent / "odd"
X = np.arange(9.0)
# (neuron, time) of few spikes, as a sparse matrix has them.
RASTER = (np.add.outer(7 * np.arange(4), np.arange(30)) % 11 == 0).astype("float64")


def structure():
    """Groups, links and names."""
    with h5py.File(ODD / "virtual.h5", "w", libver="latest") as file:
        file["x"] = X
        layout = h5py.VirtualLayout((9,), "float64")
        layout[:] = h5py.VirtualSource(file["x"])
        file.create_virtual_dataset("virtual", layout)
    for libver, name in [("earliest", "names_old.h5"), ("latest", "names_new.h5")]:
        with h5py.File(ODD / name, "w", libver=libver) as file:
            file["x"] = X
            # Latin-1, as programs on Windows write it: in few links, and in many.
            file[b"\xb5V"] = 1.5
            group = file.create_group("many")
            for i in range(20):
                group[f"a{i}"] = i
            group[b"\xe9"] = 2.5
            group.attrs["unit"] = "mV"
    with h5py.File(ODD / "deep.h5", "w", libver="latest") as file:
        file["x"] = X
        file["/".join(["g"] * 80)] = 1.0
    with h5py.File(ODD / "userblock.h5", "w", libver="latest", userblock_size=2048) as file:
        file["x"] = X
    for libver, name in [("earliest", "links_old.h5"), ("latest", "links_new.h5")]:
        with h5py.File(ODD / name, "w", libver=libver) as file:
            file["x"] = X
            file["group/there"] = h5py.SoftLink("../x")
            file["group/relative"] = h5py.SoftLink("./inner/y")
            file["group/inner/y"] = X[:3]
            file["twice"] = h5py.SoftLink("/group/relative")
            file["round"] = h5py.SoftLink("/round")
            file["other"] = h5py.ExternalLink("other.h5", "/y")
            file["back"] = file["/"]


def storage():
    """How numbers are stored."""
    with h5py.File(ODD / "layout_2.h5", "w", libver="earliest") as file:
        file["x"] = X
        file.create_dataset("chunked", data=X, chunks=(4,), compression="gzip")
    # Version 2 of the message that says where the numbers are, as HDF5 wrote it until 1.6.2 and so
    # MATLAB until 2007: 5 reserved bytes, the address, and the lengths with that of an element.
    data = bytearray((ODD / "layout_2.h5").read_bytes())
    at = -1
    while (at := data.find(struct.pack("<HH", 8, 24), at + 1)) >= 0:
        version, kind = data[at + 8 : at + 10]
        if version == 3:
            address = struct.unpack_from("<Q", data, at + 9 + kind)[0]
            message = struct.pack("<BBB5xQII", 2, 2, kind, address, 9 if kind == 1 else 4, 8)
            data[at + 8 : at + 32] = message
    (ODD / "layout_2.h5").write_bytes(data)
    with h5py.File(ODD / "layout_2.h5") as file:
        assert (file["x"][()] == X).all() and (file["chunked"][()] == X).all()
    with h5py.File(ODD / "external.h5", "w", libver="latest") as file:
        file["x"] = X
        file.create_dataset("outside", (9,), "float64", external=[("numbers.raw", 0, 72)])
    # Counts of spikes, which all codecs make smaller, in chunks that do not divide their number.
    counts = (np.arange(3000) * 7919 % 97 % 5).astype("int32").reshape(30, 100)
    with h5py.File(ODD / "filters.h5", "w", libver="latest") as file:
        file["x"] = X

        def put(name, rows=13, **how):
            file.create_dataset(name, data=counts, chunks=(rows, 100), **how)

        put("lzf", compression="lzf")
        put("lzf_shuffled", compression="lzf", shuffle=True)
        put("lz4", **hdf5plugin.LZ4())
        put("zstd", **hdf5plugin.Zstd())
        for codec in ["none", "lz4", "zstd"]:
            put(f"bitshuffle_{codec}", **hdf5plugin.Bitshuffle(cname=codec))
        for codec in ["blosclz", "lz4", "lz4hc", "zlib", "zstd"]:
            put(f"blosc_{codec}_plain", **hdf5plugin.Blosc(codec, 5, hdf5plugin.Blosc.NOSHUFFLE))
            put(f"blosc_{codec}_bytes", **hdf5plugin.Blosc(codec, 5, hdf5plugin.Blosc.SHUFFLE))
            # Bits are shuffled of eights of elements; blosc leaves a chunk of others as it is.
            for rows in [13, 16]:
                bits = hdf5plugin.Blosc(codec, 5, hdf5plugin.Blosc.BITSHUFFLE)
                put(f"blosc_{codec}_bits_{rows}", rows, **bits)
        # Several blocks in one chunk, and the last of them shorter.
        long = np.tile(np.arange(100, dtype="int32"), 3001)
        file.create_dataset("long", data=long, chunks=(300100,), **hdf5plugin.Blosc("lz4"))
        # Too short for compression, so that it is stored as it is.
        short = np.arange(3, dtype="int32")
        file.create_dataset("short", data=short, chunks=(3,), **hdf5plugin.Blosc("lz4"))
        put("zfp", **hdf5plugin.Zfp(reversible=True))


def types():
    """Elements and attributes of types that are read, and of others."""
    with h5py.File(ODD / "types.h5", "w", libver="latest") as file:
        file["x"] = X
        file["x"].attrs["unit"] = "mV"
        file["complex"] = np.array([1 + 2j])
        file["opaque"] = np.array([b"abc"], dtype="V3")
        file["record"] = np.array([(1, 2.5)], dtype=[("x", "i4"), ("y", "f8")])
        file.create_dataset("inner", (2,), dtype=np.dtype(("f8", (3,))))
        file["named"] = np.dtype("float32")
        file.create_dataset("typed", data=X, dtype=file["named"])
        file["reference"] = np.array([file["x"].ref], dtype=h5py.ref_dtype)

        def low(group, name, datatype, array):
            space = h5py.h5s.create_simple(array.shape)
            h5py.h5d.create(group.id, name.encode(), datatype, space).write(
                h5py.h5s.ALL, h5py.h5s.ALL, array, datatype
            )

        twelve = h5py.h5t.STD_I16LE.copy()
        twelve.set_precision(12)
        low(file, "twelve_bits", twelve, np.array([1, 2], dtype="int16"))
        brain = h5py.h5t.IEEE_F16LE.copy()
        brain.set_fields(15, 7, 8, 0, 7)
        brain.set_ebias(127)
        ones = np.array([0x3F80, 0x4000], dtype="uint16")
        low(file, "bfloat16", brain, ones)
        # Both types of two bytes: as they are, by a type with a name, and in lists.
        halves = np.array([1.5, -0.25, 65504, 2**-24], dtype="float16")
        file["float16"] = halves
        file["named_float16"] = np.dtype("float16")
        file.create_dataset("typed_float16", data=halves, dtype=file["named_float16"])
        of_halves = file.create_dataset("lists_of_float16", (2,), dtype=h5py.vlen_dtype("float16"))
        of_halves[0], of_halves[1] = halves[:1], halves
        brain.commit(file.id, b"named_bfloat16")
        low(file, "typed_bfloat16", brain, ones)
        of_brains = h5py.h5t.vlen_create(brain)
        h5py.h5d.create(file.id, b"lists_of_bfloat16", of_brains, h5py.h5s.create_simple((2,)))
        lists = h5py.vlen_dtype("float64")
        nested = h5py.vlen_dtype(np.dtype([("a", "i4")]))
        file.create_dataset("lists_of_records", (2,), dtype=nested)
        # An attribute whose name is Latin-1, on a dataset and on a group with many others.
        for name in ["attributed", "attributes"]:
            target = file.create_group(name) if name == "attributes" else None
            if target is None:
                file[name] = X
                target = file[name]
            for i in range(12 if name == "attributes" else 2):
                target.attrs[f"a{i}"] = i
            target.attrs["unit"] = "mV"
            space = h5py.h5s.create(h5py.h5s.SCALAR)
            h5py.h5a.create(target.id, b"\xe9", h5py.h5t.STD_I32LE, space)
        file["attributes/x"] = X
    with h5py.File(ODD / "lists.h5", "w", libver="latest") as file:
        spikes = file.create_dataset("units/spikes", (4,), dtype=lists)
        for n in range(4):
            spikes[n] = 0.05 + 0.1 * np.arange(5 * n)
        file["starts"] = np.array([0.0, 0.5])


def nwb():
    """Voltages of which the factors of the channels are in another file."""
    with h5py.File(ODD / "channels.nwb", "w", libver="latest") as file:
        file.attrs["nwb_version"] = "2.7.0"
        file["x"] = X
        volts = file.create_group("acquisition/volts")
        volts["data"] = np.arange(6, dtype="int16").reshape(3, 2)
        volts["data"].attrs["conversion"] = 1e-6
        external = [("factors.raw", 0, 16)]
        volts.create_dataset("channel_conversion", (2,), "float64", external=external)


def archive():
    def npy(array, pickled=False):
        data = io.BytesIO()
        np.save(data, array, allow_pickle=pickled)
        return data.getvalue()

    with zipfile.ZipFile(ODD / "members.npz", "w") as file:
        file.writestr("x.npy", npy(X))
        file.writestr("__MACOSX/._x.npy", b"\0\5\26\7")
        file.writestr(".DS_Store", b"\0")
        file.writestr("readme.txt", b"not an array")
        file.writestr("pickled.npy", npy(np.array([None, "text"], dtype=object), pickled=True))
        file.writestr("complex.npy", npy(np.array([1j])))
        file.writestr("record.npy", npy(np.zeros(2, dtype=[("a", "i4"), ("b", "f8")])))
        file.writestr("garbage.npy", b"not an array")
        file.writestr("bzip2.npy", npy(X), compress_type=zipfile.ZIP_BZIP2)


def matlab():
    scipy.io.savemat(
        ODD / "sparse_v7.mat",
        {
            "raster": scipy.sparse.csc_matrix(RASTER),
            "flags": scipy.sparse.csc_matrix(RASTER.astype(bool)),
            "zeros": scipy.sparse.csc_matrix((3, 2)),
            "negative": scipy.sparse.csc_matrix(np.array([[0.0, -1.5], [0.25, 0.0]])),
            # 8 TB with its zeros.
            "huge": scipy.sparse.csc_matrix(([1.0], ([5], [7])), shape=(10**6, 10**6)),
        },
        do_compression=True,
    )
    header = b"MATLAB 7.3 MAT-file, written by h5py for a test".ljust(116) + bytes(8) + b"\x00\x02IM"
    with h5py.File(ODD / "classes_v73.mat", "w", userblock_size=512) as file:

        def put(group, name, value, matlab_class, **attributes):
            dataset = group.create_dataset(name, data=value)
            dataset.attrs["MATLAB_class"] = np.bytes_(matlab_class)
            for key, attribute in attributes.items():
                dataset.attrs[key] = attribute
            return dataset

        put(file, "x", X[:, None], "double")
        # As MATLAB lays a sparse matrix out.
        for name, matrix, kind in [("raster", RASTER, "double"), ("flags", RASTER != 0, "logical")]:
            sparse = scipy.sparse.csc_matrix(matrix)
            group = file.create_group(name)
            group.attrs["MATLAB_class"] = np.bytes_(kind)
            group.attrs["MATLAB_sparse"] = np.uint64(matrix.shape[0])
            group["data"] = sparse.data.astype("uint8" if kind == "logical" else "float64")
            group["ir"], group["jc"] = sparse.indices.astype("u8"), sparse.indptr.astype("u8")
        zeros = file.create_group("zeros")
        zeros.attrs["MATLAB_class"] = np.bytes_("double")
        zeros.attrs["MATLAB_sparse"] = np.uint64(3)
        zeros["jc"] = np.zeros(3, dtype="u8")
        objects = np.array([[0xDD000000, 2, 1, 1, 1, 1]], dtype="uint32").T
        put(file, "words", objects, "string", MATLAB_object_decode=np.int32(3))
        handle = file.create_group("handle")
        handle.attrs["MATLAB_class"] = np.bytes_("function_handle")
        put(handle, "function_handle", [[1.0]], "struct")
        refs = file.create_group("#refs#")
        one = put(refs, "a", [[1.0]], "double")
        cell = np.array([[one.ref, h5py.Reference()]], dtype=h5py.ref_dtype)
        file.create_dataset("half", data=cell.T).attrs["MATLAB_class"] = np.bytes_("cell")
        put(file, "no_cell", [[1.0]], "cell")
    with open(ODD / "classes_v73.mat", "r+b") as file:
        file.write(header)

    def element(kind, data):
        return struct.pack("<II", kind, len(data)) + data + bytes(-len(data) % 8)

    def array(kind, shape, name, *parts):
        flags = element(6, struct.pack("<II", kind, 0))
        axes = element(5, struct.pack(f"<{len(shape)}i", *shape)) if shape else b""
        return element(14, flags + axes + element(1, name) + b"".join(parts))

    x = element(9, X.tobytes())
    inner = array(1, (1, 1), b"")  # a cell without its element
    variables = [
        array(16, (1, 1), b"handle", array(6, (1, 1), b"", element(9, bytes(8)))),
        # An object has no axes, but its system and its class.
        array(17, (), b"table", element(1, b"MCOS"), element(1, b"table")),
        array(99, (1, 1), b"unknown", x),
        array(6, (1, 10), b"short", x),
        array(1, (1, 2), b"cell", inner, array(6, (1, 9), b"", x)),
        element(77, bytes(16)),
        array(6, (1, 9), b"x", x),
    ]
    header = b"MATLAB 5.0 MAT-file, by hand for a test".ljust(124) + b"\x00\x01IM"
    (ODD / "classes.mat").write_bytes(header + b"".join(variables))


ODD.mkdir(exist_ok=True)
structure()
storage()
types()
nwb()
archive()
matlab()
