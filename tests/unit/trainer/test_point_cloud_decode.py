"""Meshes and scans of every format become points in the unit sphere, judged by their content."""

# mypy: disable-error-code="no-untyped-call"

import io
import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trimesh
from PIL import Image
from pypcd4.pypcd4 import Encoding, PointCloud
from vectorizer_api.run import Limits
from vectorizer_dev.datasets.point_cloud import mesh_file, scan_file
from vectorizer_trainer.bases.point_cloud.scans import scan
from vectorizer_trainer.bases.point_cloud.shapes import KNOWN, Shape, shape
from vectorizer_trainer.bases.pool import Pool
from vectorizer_trainer.content.encoder import Item
from vectorizer_trainer.content.point_cloud import decode as module
from vectorizer_trainer.content.point_cloud.item import Cloud
from vectorizer_trainer.errors import UnreadableFile

POINTS, CENTRES = 400, 32
LAMP = shape(Pool.BASE, 1, 0, KNOWN)
SCAN = scan(LAMP, 900, np.random.default_rng(0))
TALL = np.array([[0, 0, 0], [1, 0, 0], [0, 2, 0], [0, 0, 4.0]])
"""Four points: the last is the highest."""

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


def decode(path: Path, limits: Limits | None = None) -> Item:
    return module.decode(path, limits or Limits(), POINTS, CENTRES)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A name that says nothing of the content."""
    return tmp_path / "file"


@pytest.fixture
def refusal(path: Path) -> Callable[..., str]:
    """What is said of a file with this content."""

    def reason(content: bytes, limits: Limits | None = None) -> str:
        path.write_bytes(content)
        with pytest.raises(UnreadableFile) as caught:
            decode(path, limits)
        return str(caught.value)

    return reason


def glb(mesh: trimesh.Trimesh | None = None, **change: Any) -> bytes:
    """A GLB file, with entries of its description replaced."""
    made = exported(mesh or trimesh.creation.box(), "glb")
    length = struct.unpack_from("<I", made, 12)[0]
    text = json.dumps({**json.loads(made[20 : 20 + length]), **change}).encode()
    text += b" " * (-len(text) % 4)
    rest = made[20 + length :]
    return struct.pack("<4sIIII", b"glTF", 2, 20 + len(text) + len(rest), len(text), 0x4E4F534A) + text + rest


def exported(made: Any, kind: str) -> bytes:
    """A file of trimesh's making."""
    content: Any = made.export(file_type=kind)
    return content.encode() if isinstance(content, str) else content


def pcd(encoding: str, count: int = 1, points: int = 4) -> str:
    """The header of a PCD file."""
    fields = f"FIELDS x y z\nSIZE 4 4 4\nTYPE F F F\nCOUNT 1 1 {count}\nWIDTH {points}\nHEIGHT 1\n"
    return f"# .PCD v.7\nVERSION .7\n{fields}VIEWPOINT 0 0 0 1 0 0 0\nPOINTS {points}\nDATA {encoding}\n"


def ply(encoding: str, points: int = 4) -> str:
    """The header of a PLY file."""
    fields = "".join(f"property float {name}\n" for name in "xyz")
    return f"ply\nformat {encoding} 1.0\nelement vertex {points}\n{fields}end_header\n"


def saved(array: np.ndarray[Any, Any]) -> bytes:
    content = io.BytesIO()
    np.save(content, array)
    return content.getvalue()


class TestFormats:
    @pytest.mark.parametrize("suffix", ["ply", "obj", "stl", "off", "glb"])
    def test_a_mesh_becomes_points_of_its_surface(self, path: Path, suffix: str) -> None:
        path.write_bytes(mesh_file(LAMP, suffix))
        self.check(decode(path), LAMP, coloured=suffix not in {"stl", "off"})

    @pytest.mark.parametrize("suffix", ["ply", "xyz", "pcd", "npy", "las", "laz"])
    def test_a_scan_becomes_some_of_its_points(self, path: Path, suffix: str) -> None:
        path.write_bytes(scan_file(SCAN, suffix))
        self.check(decode(path), LAMP, coloured=True)

    def check(self, item: Item, made: Shape, *, coloured: bool) -> None:
        assert item.shape == (POINTS, 6)
        assert item.dtype == np.float16
        distances = np.linalg.norm(item[:, :3].astype(float), axis=1)
        assert distances.max() == pytest.approx(1, abs=2e-3)
        assert np.abs(item[:, :3].astype(float).mean(axis=0)).max() < 0.05
        # A lamp is higher than it is wide.
        assert np.ptp(item[:, 2].astype(float)) > 1.3 * np.ptp(item[:, 0].astype(float))
        assert item[:, 3:].mean(axis=0) == pytest.approx(made.colour if coloured else 0.4, abs=0.02)

    @pytest.mark.parametrize(
        "write",
        [
            lambda mesh: mesh.export(file_type="ply", encoding="ascii"),
            lambda mesh: exported(mesh, "stl_ascii"),
            lambda mesh: b"\xef\xbb\xbf# made by hand\r\n" + exported(mesh, "obj"),
            lambda mesh: b"# made by hand\n" + exported(mesh, "off"),
        ],
    )
    def test_a_mesh_is_read_in_every_spelling(self, path: Path, write: Callable[[trimesh.Trimesh], bytes]) -> None:
        path.write_bytes(write(trimesh.creation.cylinder(0.2, 2)))
        item = decode(path).astype(float)
        assert np.ptp(item[:, 2]) > 4 * np.ptp(item[:, 0])

    @pytest.mark.parametrize(
        "text",
        [
            "0 0 0\n1 0 0\n0 2 0\n0 0 4\n",
            "0,0,0\r\n1,0,0\r\n0,2,0\r\n0,0,4",
            "x;y;z\n0;0;0\n1;0;0\n0;2;0\n0;0;4\n",
            "4\n# a comment\n0\t0\t0\n\n1 0 0\n0 2 0\n//\n0 0 4",
            "0 0 0 17\n1 0 0 17\n0 2 0 17\n0 0 4 17\nnan nan nan 3\n",
            "v 0 0 0\nv 1 0 0\nv 0 2 0\nv 0 0 4\n",
            f"{pcd('ascii')}0 0 0\n1 0 0\n0 2 0\n0 0 4\n",
            f"{ply('ascii')}0 0 0\n1 0 0\n0 2 0\n0 0 4\n",
        ],
    )
    def test_points_are_read_in_every_spelling(self, path: Path, text: str) -> None:
        path.write_text(text, newline="")
        expected = (TALL - TALL.mean(axis=0)) / np.linalg.norm(TALL - TALL.mean(axis=0), axis=1).max()
        found = np.unique(decode(path)[:, :3].astype(float).round(2), axis=0)
        assert found == pytest.approx(np.unique(expected.round(2), axis=0), abs=0.011)

    def test_a_compressed_pcd_file_is_read_as_an_uncompressed_one(self, path: Path) -> None:
        cloud = PointCloud.from_xyz_points(SCAN.xyz.astype(np.float32))
        for encoding in (Encoding.BINARY, Encoding.BINARY_COMPRESSED):
            content = io.BytesIO()
            cloud.save(content, encoding)
            path.write_bytes(content.getvalue())
            assert np.ptp(decode(path)[:, 2].astype(float)) > 1

    def test_an_array_with_named_columns_is_read_by_their_names(self, path: Path) -> None:
        named = np.zeros(4, [("intensity", "u2"), ("z", "<f8"), ("y", ">f4"), ("x", "f4")])
        named["x"], named["y"], named["z"] = TALL.T
        path.write_bytes(saved(named))
        assert decode(path)[:, 2].max() > 0.9

    def test_an_array_stored_column_by_column_is_read_as_one_stored_row_by_row(self, path: Path) -> None:
        tall = SCAN.xyz * np.array([0.1, 0.1, 1])
        for array in (tall, np.asfortranarray(tall)):
            path.write_bytes(saved(array))
            assert np.ptp(decode(path)[:, 2].astype(float)) > 4 * np.ptp(decode(path)[:, 0].astype(float))

    def test_in_glb_y_points_upwards_and_becomes_z(self, path: Path) -> None:
        path.write_bytes(glb(trimesh.creation.cylinder(0.2, 2)))
        item = decode(path).astype(float)
        assert np.ptp(item[:, 1]) > 4 * np.ptp(item[:, 2])

    def test_every_instance_of_a_scene_is_there_at_its_place(self, path: Path) -> None:
        scene = trimesh.Scene()
        for place in (-5, 5):
            there = trimesh.transformations.translation_matrix([place, 0, 0])
            scene.add_geometry(trimesh.creation.box(), transform=there)
        path.write_bytes(exported(scene, "glb"))
        x = decode(path)[:, 0].astype(float)
        assert (np.abs(x) > 0.6).all()
        assert abs((x > 0).mean() - 0.5) < 0.1


class TestColour:
    @pytest.mark.parametrize("full", [1.0, 255.0, 65535.0])
    def test_is_within_0_and_1_whatever_the_file_counts_to(self, path: Path, full: float) -> None:
        path.write_bytes(saved(np.concatenate([SCAN.xyz, np.tile([full, 0, full / 2], (900, 1))], axis=1)))
        assert decode(path)[:, 3:].mean(axis=0) == pytest.approx([1, 0, 0.5], abs=0.01)

    def test_is_unknown_where_the_further_columns_are_normals(self, path: Path) -> None:
        path.write_bytes(saved(np.concatenate([SCAN.xyz, np.random.default_rng(0).normal(size=(900, 3))], axis=1)))
        assert (decode(path)[:, 3:] == np.float16(0.4)).all()

    def test_is_that_of_a_texture_inside_the_file(self, path: Path) -> None:
        corners = np.array([[-1, 0, 0], [1, 0, 0], [1, 1, 0], [-1, 1, 0.0]])
        halves = np.zeros((8, 8, 3), np.uint8)
        halves[:, 4:] = 255
        material = trimesh.visual.material.PBRMaterial(baseColorTexture=Image.fromarray(halves))
        visual = trimesh.visual.TextureVisuals(uv=(corners[:, :2] + [1, 0]) / [2, 1], material=material)
        mesh = trimesh.Trimesh(corners, [[0, 1, 2], [0, 2, 3]], visual=visual, process=False)
        path.write_bytes(exported(mesh, "glb"))
        item = decode(path).astype(float)
        assert item[item[:, 0] > 0.1, 3:].min() == 1
        assert item[item[:, 0] < -0.1, 3:].max() == 0

    def test_is_that_of_a_material_without_texture(self, path: Path) -> None:
        material = trimesh.visual.material.PBRMaterial(baseColorFactor=[0, 255, 0, 255])
        visual = trimesh.visual.TextureVisuals(material=material)
        mesh = trimesh.creation.box()
        path.write_bytes(exported(trimesh.Trimesh(mesh.vertices, mesh.faces, visual=visual), "glb"))
        assert decode(path)[:, 3:].mean(axis=0) == pytest.approx([0, 1, 0], abs=0.01)

    def test_of_a_scan_with_an_empty_column_for_it_is_unknown(self, path: Path) -> None:
        path.write_bytes(scan_file(Cloud(SCAN.xyz, np.zeros((900, 3), np.float32)), "las"))
        assert (decode(path)[:, 3:] == np.float16(0.4)).all()


class TestSampling:
    def test_the_same_content_gives_the_same_item_under_any_name(self, tmp_path: Path) -> None:
        for name in ("a.stl", "b.xyz"):
            (tmp_path / name).write_bytes(mesh_file(LAMP, "obj"))
        assert np.array_equal(decode(tmp_path / "a.stl"), decode(tmp_path / "b.xyz"))

    def test_is_uniform_on_the_surface_however_finely_parts_are_meshed(self, path: Path) -> None:
        coarse, fine = trimesh.creation.box(), trimesh.creation.box()
        for _ in range(5):
            fine = fine.subdivide()
        both = trimesh.util.concatenate([coarse, fine.apply_translation([4, 0, 0])])
        path.write_bytes(exported(both, "stl"))
        assert abs((decode(path)[:, 0] > 0).mean() - 0.5) < 0.1

    def test_points_that_are_not_finite_are_left_out(self, path: Path) -> None:
        holes = SCAN.xyz.copy()
        holes[::2] = np.nan
        holes[1] = np.inf
        path.write_bytes(saved(holes))
        assert np.isfinite(decode(path).astype(float)).all()

    def test_a_scan_far_from_its_origin_keeps_its_detail(self, path: Path) -> None:
        path.write_bytes(scan_file(Cloud(SCAN.xyz + np.array([500_000, 5_000_000, 100]), SCAN.rgb), "laz"))
        assert len(np.unique(decode(path)[:, :3], axis=0)) > 300


class TestRefusals:
    @pytest.mark.parametrize(
        ("content", "reason"),
        [
            (b"", "not a point cloud"),
            (b"neither points nor faces", "not a point cloud"),
            (b"\n" * 60_000 + b"end", "not a point cloud"),
            (b" \r\n#\n" * 9_000 + b"end", "not a point cloud"),
            (b"solid " * 9_000, "not a point cloud"),
            (b"1" * 60_000, "not a point cloud"),
            (b"\x89PNG\r\n\x1a\n" + bytes(200), "not a point cloud"),
            (b"PK\x03\x04" + bytes(200), "not a point cloud"),
            (saved(np.zeros((0, 3))), "no point has finite coordinates"),
            (saved(np.full((9, 3), np.nan)), "no point has finite coordinates"),
            (saved(np.ones((9, 3))), "all points are in one place"),
            (saved(np.full((9, 3), [5e5, 5e6, 1.0])), "all points are in one place"),
            (saved(np.eye(3) * 1e308), "too large to compute with"),
            (saved(np.eye(3)).replace(b"'descr'", b"(descr'"), "damaged"),
            (saved(np.zeros((9, 2))), "where [points, 3 or more] is needed"),
            (saved(np.zeros((9, 3), complex)), "where numbers are needed"),
            (saved(np.zeros((9, 3_000_000), np.int8)), "is no point"),
            (b"o nothing\nv 0 0 0\nv 1 0 0\nf 1 2 99\n", "damaged"),
            (b"ply\nformat ascii 1.0\nelement vertex 0\nproperty float x\nend_header\n", "no point"),
            (b"ply\nformat ascii 1.0\nelement vertex 9\n", "has no end"),
            (b"OFF\n3 1 0\n0 0 0\n1 0 0\n0 1 0\n3 0 1 7\n", "outside the range"),
        ],
    )
    def test_say_what_is_wrong(self, refusal: Callable[..., str], content: bytes, reason: str) -> None:
        assert reason in refusal(content)

    def test_an_array_of_objects_is_never_unpickled(self, refusal: Callable[..., str], tmp_path: Path) -> None:
        class Exploit:
            def __reduce__(self) -> tuple[Any, ...]:
                return Path.mkdir, (tmp_path / "was-run",)

        content = io.BytesIO()
        np.save(content, np.array([Exploit()] * 3, object), allow_pickle=True)
        assert "damaged" in refusal(content.getvalue())
        assert not (tmp_path / "was-run").exists()

    def test_a_scan_cut_in_the_middle_is_not_taken_for_a_smaller_one(self, refusal: Callable[..., str]) -> None:
        for suffix in ("ply", "pcd", "npy", "las", "laz"):
            content = scan_file(SCAN, suffix)
            assert refusal(content[: len(content) // 2])

    def test_files_that_others_refer_to_are_never_read(self, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (path.parent / "paint.mtl").write_text("newmtl red\nKd 1 0 0\nmap_Kd secret.png\n")
        Image.new("RGB", (4, 4), "red").save(path.parent / "secret.png")
        monkeypatch.chdir(path.parent)
        path.write_text("mtllib paint.mtl\nusemtl red\nv 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nf 1/1 2/1 3/1\n")
        assert (decode(path)[:, 3:] == np.float16(0.4)).all()
        header = mesh_file(LAMP, "ply").replace(b"\nelement", b"\ncomment TextureFile secret.png\nelement", 1)
        path.write_bytes(header)
        assert decode(path)[:, 3:].mean(axis=0) == pytest.approx(LAMP.colour, abs=0.02)

    @pytest.mark.parametrize("uri", ["mesh.bin", "/etc/hostname", "https://host/mesh.bin", "file:///etc/hostname"])
    def test_a_glb_file_that_leads_out_of_itself(self, refusal: Callable[..., str], uri: str) -> None:
        assert "another file" in refusal(glb(buffers=[{"byteLength": 100, "uri": uri}]))

    def test_a_glb_file_with_a_remote_texture_is_read_without_it(self, path: Path) -> None:
        path.write_bytes(
            glb(
                images=[{"uri": "https://host/a.png"}, {"uri": "../a.png"}],
                textures=[{"source": 0}],
                materials=[{"pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}}],
            )
        )
        assert (decode(path)[:, 3:] == np.float16(0.4)).all()

    def test_a_glb_file_of_an_extension_that_is_not_understood(self, refusal: Callable[..., str]) -> None:
        assert "KHR_draco" in refusal(glb(extensionsRequired=["KHR_draco_mesh_compression"]))


class TestLimits:
    @pytest.mark.parametrize("suffix", ["ply", "xyz", "pcd", "npy", "las", "laz"])
    def test_a_scan_of_too_many_points(self, refusal: Callable[..., str], suffix: str) -> None:
        assert "at most 500 are allowed" in refusal(scan_file(SCAN, suffix), Limits(max_points=500))

    @pytest.mark.parametrize("suffix", ["ply", "obj", "stl", "off", "glb"])
    def test_a_mesh_of_too_many_points_or_bytes(self, refusal: Callable[..., str], suffix: str) -> None:
        assert "at most 50 are allowed" in refusal(mesh_file(LAMP, suffix), Limits(max_points=50))
        assert "at most 99 are allowed" in refusal(mesh_file(LAMP, suffix), Limits(max_mesh_bytes=99))

    @pytest.mark.parametrize(
        "change",
        [
            {"accessors": [{"componentType": 5126, "count": 10**11, "type": "VEC3"}]},
            {"accessors": [{"componentType": 5126, "count": -5, "type": "VEC3"}]},
            {"bufferViews": [{"buffer": 0, "byteLength": 300}] * 1000},
            {"nodes": [{"mesh": 0}], "scenes": [{"nodes": [0] * 20_000}]},
            {"nodes": [{"mesh": 0}], "scenes": [{"nodes": [0] * 5_000}]},
            {"nodes": [{"mesh": 0, "children": [0]}], "scenes": [{"nodes": [0]}]},
            {"nodes": [{"mesh": 0, "children": [1, 1]}, {"children": [0, 0]}], "scenes": [{"nodes": [0]}]},
            {"meshes": [{"primitives": [{"attributes": {"POSITION": 1}}] * 5_000}]},
        ],
        ids=["counts", "less-than-nothing", "views", "nodes", "instances", "loop", "doubling", "primitives"],
    )
    def test_a_glb_bomb_is_refused_before_anything_is_made_of_it(
        self, refusal: Callable[..., str], change: dict[str, Any]
    ) -> None:
        assert refusal(glb(**change), Limits(max_points=100_000))

    @pytest.mark.parametrize(
        "header",
        [
            ply("binary_little_endian", points=99_999_999_999).encode(),
            pcd("binary", count=999_999_999).encode(),
            pcd("binary_compressed", points=3_000_000_000).encode() + struct.pack("<II", 9, 2**32 - 1),
            pcd("binary_compressed").encode() + struct.pack("<II", 9, 2**32 - 1),
            b"OFF\n99999999999 0 0\n0 0 0\n",
        ],
    )
    def test_a_header_that_promises_more_than_there_is_allocates_nothing(
        self, refusal: Callable[..., str], header: bytes
    ) -> None:
        assert refusal(header + bytes(64))

    def test_an_array_that_is_not_there_is_not_made_room_for(self, refusal: Callable[..., str]) -> None:
        content = io.BytesIO()
        np.lib.format.write_array_header_1_0(
            content, {"descr": "<f4", "fortran_order": False, "shape": (19_000_000, 1000)}
        )
        assert refusal(content.getvalue())

    def test_a_mesh_that_takes_too_long_is_refused(self, refusal: Callable[..., str]) -> None:
        triangle = b"v 0 0 0\nv 1 0 0\nv 0 1 0\n"
        materials = b"".join(b"usemtl m%d\nf 1 2 3\n" % number for number in range(20_000))
        said = refusal(triangle + materials, Limits(max_decode_seconds=0.3))
        assert said == "it takes longer than 0.3 s to decode"

    def test_a_texture_of_too_many_pixels(self, refusal: Callable[..., str]) -> None:
        visual = trimesh.visual.TextureVisuals(uv=np.zeros((8, 2)), image=Image.new("RGB", (64, 64)))
        box = trimesh.creation.box()
        content = exported(trimesh.Trimesh(box.vertices, box.faces, visual=visual, process=False), "glb")
        assert "a texture of 4096 pixels" in refusal(content, Limits(max_image_pixels=1000))


def test_the_counts_of_a_scans_header_are_held_against_the_file(refusal: Callable[..., str]) -> None:
    for suffix in ("las", "laz"):
        content = bytearray(scan_file(SCAN, suffix))
        content[100:104] = struct.pack("<I", 2**32 - 1)
        assert "more than the file holds" in refusal(bytes(content))
