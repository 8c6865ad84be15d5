"""What docs/protocols.md shows of clients in JavaScript does what it says."""

from __future__ import annotations

import json
import subprocess

import pytest

from tests.documents import blocks, pasteable
from tests.running.gateway import ADMIN_KEY, ROOT, Gateway

BLOCKS = [block.text for block in blocks("docs/protocols.md", "js")]

GENERATED = """
import { readFileSync } from "node:fs";
import { createFileRegistry, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

const file = readFileSync(new URL("tollway.binpb", import.meta.url));
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, file));
export const TenantService = registry.getService("tollway.admin.v1.TenantService");
"""
"""Stands for what protoc-gen-es makes."""


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    with Gateway(tmp_path_factory.mktemp("gateway") / ".tollway") as running:
        yield running, running.admin().tenant().name


@pytest.fixture
def folder(node, tmp_path):
    (tmp_path / "node_modules").symlink_to(node / "node_modules")
    made = tmp_path / "tollway" / "admin" / "v1"
    made.mkdir(parents=True)
    (made / "tenants_pb.js").write_text(GENERATED)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    build = [str(ROOT / ".venv" / "bin" / "buf"), "build", "-o", str(made / "tollway.binpb")]
    subprocess.run(build, cwd=ROOT, check=True, timeout=60)
    return tmp_path


@pytest.mark.parametrize("block", BLOCKS, ids=["connect", "grpc-web"])
def test_the_page_of_tenants(gateway, folder, block):
    running, tenant = gateway
    script = pasteable(block, {"127.0.0.1:8080": running.addresses["admin_http"]})
    names = "console.log(JSON.stringify(page.tenants.map((tenant) => tenant.name)));"
    (folder / "page.js").write_text(f'globalThis.key = "{ADMIN_KEY}";\n{script}{names}\n')
    said = subprocess.run(["node", "page.js"], cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert said.returncode == 0, said.stderr
    assert json.loads(said.stdout) == [tenant]
