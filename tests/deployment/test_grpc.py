"""The Open Inference Protocol over gRPC, asked by Triton's own client and by hand."""

import asyncio
import threading
from contextlib import contextmanager

import grpc
import numpy as np
import pytest
import tritonclient.grpc as triton
from hypothesis import given, settings
from hypothesis import strategies as st
from tiny_parts import PARTS, contents, recommendation, table, with_conformal
from tritonclient.grpc import service_pb2

from sevenfold.core.errors import RequestError
from sevenfold.core.task import Goal
from sevenfold.deployment.bundle import load, save
from sevenfold.deployment.grpc import codec
from sevenfold.deployment.grpc.messages import MESSAGES, SERVICE, classes
from sevenfold.deployment.grpc.server import GrpcServer
from sevenfold.deployment.hosting import Hosted
from sevenfold.deployment.request import HttpError, Limits
from sevenfold.deployment.service import Service

TOKEN = "a-token-of-good-length"


def loaded(folder, made):
    save(folder / "m.sevenfold", made)
    return load(folder / "m.sevenfold", parts=PARTS)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return loaded(tmp_path_factory.mktemp("served"), contents())


@contextmanager
def listening(service, token=None):
    """Answer gRPC in a thread; gives the address."""
    ready, ended, found = threading.Event(), [], {}

    async def main():
        server = GrpcServer(service.answering, token, "127.0.0.1", 0)
        stop = asyncio.Event()
        await server.start()
        found.update(address=server.address, stop=stop, loop=asyncio.get_running_loop())
        ready.set()
        await stop.wait()
        await server.stop(5)
        await service.answering.close()
        ended.append(True)

    thread = threading.Thread(target=lambda: asyncio.run(main()))
    thread.start()
    assert ready.wait(60)
    try:
        yield found["address"]
    finally:
        found["loop"].call_soon_threadsafe(found["stop"].set)
        thread.join()
    assert ended


@pytest.fixture(scope="module")
def address(model):
    with listening(Service(model, limits=Limits(body_bytes=100_000, rows=500))) as address:
        yield address


@pytest.fixture(scope="module")
def client(address):
    client = triton.InferenceServerClient(address)
    yield client
    client.close()


def tensors(data):
    given_tensors = []
    for name, datatype, values in (
        ("age", "FP64", data["age"].to_numpy()),
        ("income", "FP64", data["income"].fill_null(float("nan")).to_numpy()),
        ("city", "BYTES", data["city"].to_numpy().astype(object)),
        ("member", "BOOL", data["member"].to_numpy()),
        ("since", "BYTES", data["since"].dt.to_string("iso:strict").to_numpy().astype(object)),
    ):
        tensor = triton.InferInput(name, [data.height], datatype)
        tensor.set_data_from_numpy(values)
        given_tensors.append(tensor)
    return given_tensors


def test_messages_are_the_ones_of_the_public_definition():
    for name, fields in MESSAGES.items():
        theirs = service_pb2.DESCRIPTOR.message_types_by_name[name.split(".")[0]]
        for inner in name.split(".")[1:]:
            theirs = theirs.nested_types_by_name[inner]
        ours = classes()[name].DESCRIPTOR
        assert ours.full_name == theirs.full_name
        assert set(fields) == {field.name for field in ours.fields} == {field.name for field in theirs.fields}
        for field in ours.fields:
            same = theirs.fields_by_name[field.name]
            assert (field.number, field.type, field.is_repeated) == (same.number, same.type, same.is_repeated)


def test_health_and_metadata(client):
    assert client.is_server_live() and client.is_server_ready()
    assert client.is_model_ready("model") and client.is_model_ready("model", "1")
    about = client.get_server_metadata()
    assert about.name == "sevenfold" and "binary_tensor_data" in about.extensions
    metadata = client.get_model_metadata("model")
    assert {i.name: i.datatype for i in metadata.inputs} == {
        "age": "FP64", "income": "FP64", "city": "BYTES", "member": "BOOL", "since": "BYTES",
    }  # fmt: skip
    assert [list(o.shape) for o in metadata.outputs] == [[-1], [-1, 2]]


def test_the_triton_client_with_its_defaults(client, model):
    data = table(6, seed=15)
    result = client.infer("model", tensors(data), request_id="42")
    np.testing.assert_array_equal(result.as_numpy("probabilities"), model.predict_proba(data))
    assert [v.decode() for v in result.as_numpy("prediction")] == model.predict(data).tolist()
    response = result.get_response()
    assert (response.id, response.model_name, response.model_version) == ("42", "model", "1")
    only = client.infer("model", tensors(data), outputs=[triton.InferRequestedOutput("probabilities")])
    assert [o.name for o in only.get_response().outputs] == ["probabilities"]


def by_hand(data, **fields):
    """A request with typed contents, of the client's message class."""
    message = service_pb2.ModelInferRequest(model_name="model", **fields)
    for name, datatype, field, values in (
        ("age", "FP64", "fp64_contents", data["age"].to_list()),
        ("income", "FP32", "fp32_contents", data["income"].fill_null(float("nan")).to_list()),
        ("city", "BYTES", "bytes_contents", [v.encode() for v in data["city"]]),
        ("member", "BOOL", "bool_contents", data["member"].to_list()),
        ("since", "BYTES", "bytes_contents", [v.encode() for v in data["since"].dt.to_string("iso:strict")]),
    ):
        tensor = message.inputs.add(name=name, datatype=datatype, shape=[data.height])
        getattr(tensor.contents, field).extend(values)
    return message


@pytest.fixture(scope="module")
def ask(address):
    with grpc.insecure_channel(address) as channel:
        yield lambda message, method="ModelInfer", **options: channel.unary_unary(
            f"/{SERVICE}/{method}",
            request_serializer=lambda m: m if isinstance(m, bytes) else m.SerializeToString(),
            response_deserializer=service_pb2.ModelInferResponse.FromString,
        )(message, timeout=30, **options)


def test_typed_contents_are_answered_with_typed_contents(ask, model):
    data = table(5, seed=3)
    response = ask(by_hand(data, id="7"))
    assert list(response.raw_output_contents) == []
    outputs = {output.name: output for output in response.outputs}
    assert [v.decode() for v in outputs["prediction"].contents.bytes_contents] == model.predict(data).tolist()
    found = np.reshape(outputs["probabilities"].contents.fp64_contents, outputs["probabilities"].shape)
    np.testing.assert_allclose(found, model.predict_proba(data), rtol=1e-5)  # income went as FP32
    assert response.id == "7"


def test_a_coverage_adds_a_set_of_classes(tmp_path, ask):
    model = loaded(tmp_path, with_conformal(contents()))
    message = by_hand(table(5, seed=3))
    message.parameters["coverage"].double_param = 0.95
    request = codec.decode(message, model, Limits())
    answer = model.answer(request.rows)
    outputs = {o.name: o for o in codec.encode(request, answer, Hosted(model, "model", "1")).outputs}
    members = np.reshape(list(outputs["set"].contents.bool_contents), outputs["set"].shape).tolist()
    said = [[c for c, inside in zip(model.classes.tolist(), row, strict=True) if inside] for row in members]
    assert said == model.sets_of(answer, 0.95)
    message.parameters["coverage"].string_param = "0.95"
    with pytest.raises(HttpError, match="coverage"):
        codec.decode(message, model, Limits())


def test_violations_are_counted(ask):
    message = by_hand(table(2, seed=3))
    message.inputs[2].contents.bytes_contents[0] = b"Atlantis"
    assert ask(message).parameters["violations"].int64_param == 1


@pytest.mark.parametrize(
    ("datatype", "field", "values"),
    [("INT8", "int_contents", [30, -1]), ("INT16", "int_contents", [30, 40]), ("INT32", "int_contents", [30, 40]),
     ("INT64", "int64_contents", [30, 40]), ("UINT8", "uint_contents", [30, 40]), ("UINT16", "uint_contents", [3, 4]),
     ("UINT32", "uint_contents", [30, 40]), ("UINT64", "uint64_contents", [30, 40]), ("FP32", "fp32_contents", [3, 4]),
     ("FP64", "fp64_contents", [30.5, 40]), ("BOOL", "bool_contents", [True, False]),
     ("BYTES", "bytes_contents", [b"30", b"40.5"])],
)  # fmt: skip
def test_every_datatype_is_read_both_ways(ask, model, datatype, field, values):
    data = table(2, seed=5)
    typed = by_hand(data)
    typed.inputs[0].datatype = datatype
    typed.inputs[0].contents.Clear()
    getattr(typed.inputs[0].contents, field).extend(values)
    raw = service_pb2.ModelInferRequest()
    raw.CopyFrom(typed)
    for tensor in raw.inputs:
        kind = {"FP64": "<f8", "FP32": "<f4", "BOOL": "?"}.get(tensor.datatype)
        if tensor.datatype.startswith(("INT", "UINT")):
            kind = f"<{tensor.datatype[0].lower()}{int(tensor.datatype.removeprefix('U')[3:]) // 8}"
        (_, content), *_ = tensor.contents.ListFields()
        if kind is None:
            raw.raw_input_contents.append(b"".join(len(v).to_bytes(4, "little") + v for v in content))
        else:
            raw.raw_input_contents.append(np.array(list(content), kind).tobytes())
        tensor.ClearField("contents")
    one, other = ask(typed), ask(raw)
    found = np.frombuffer(other.raw_output_contents[1], "<f8")
    np.testing.assert_array_equal(found, list(one.outputs[1].contents.fp64_contents))


def spoiled(change):
    message = by_hand(table(2, seed=5))
    change(message)
    return message


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda m: setattr(m, "model_name", "other"), "NOT_FOUND"),
        (lambda m: setattr(m, "model_version", "9"), "NOT_FOUND"),
        (lambda m: setattr(m.inputs[0], "name", "nobody"), "INVALID_ARGUMENT"),
        (lambda m: setattr(m.inputs[0], "name", "city"), "INVALID_ARGUMENT"),
        (lambda m: setattr(m.inputs[0], "datatype", "FP128"), "INVALID_ARGUMENT"),
        (lambda m: setattr(m.inputs[0], "datatype", "FP16"), "INVALID_ARGUMENT"),
        (lambda m: setattr(m.inputs[0], "datatype", "INT64"), "INVALID_ARGUMENT"),
        (lambda m: m.inputs[0].shape.__setitem__(0, 3), "INVALID_ARGUMENT"),
        (lambda m: m.inputs[0].shape.__setitem__(0, -1), "INVALID_ARGUMENT"),
        (lambda m: m.inputs[0].shape.extend([2**31]), "INVALID_ARGUMENT"),
        (lambda m: m.inputs[0].shape.__setitem__(0, 501), "RESOURCE_EXHAUSTED"),
        (lambda m: m.inputs[0].ClearField("shape"), "INVALID_ARGUMENT"),
        (lambda m: m.inputs[0].ClearField("contents"), "INVALID_ARGUMENT"),
        (lambda m: m.inputs[0].contents.bytes_contents.append(b"x"), "INVALID_ARGUMENT"),
        (lambda m: m.raw_input_contents.append(b"x"), "INVALID_ARGUMENT"),
        (lambda m: m.raw_input_contents.extend([b"x"] * 5), "INVALID_ARGUMENT"),
        (lambda m: m.inputs[2].contents.bytes_contents.__setitem__(0, b"\xff"), "INVALID_ARGUMENT"),
        (lambda m: m.inputs.pop(), "INVALID_ARGUMENT"),
        (lambda m: m.ClearField("inputs"), "INVALID_ARGUMENT"),
        (lambda m: m.inputs.extend([m.inputs[0]] * 9), "INVALID_ARGUMENT"),
        (lambda m: m.outputs.add(name="nobody"), "INVALID_ARGUMENT"),
        (lambda m: setattr(m, "id", "x" * 300), "INVALID_ARGUMENT"),
        (lambda m: setattr(m, "id", "x" * 200_000), "RESOURCE_EXHAUSTED"),
    ],
)  # fmt: skip
def test_bad_calls_get_their_code(ask, change, code):
    with pytest.raises(grpc.RpcError) as refused:
        ask(spoiled(change))
    assert refused.value.code().name == code
    assert refused.value.details()
    assert ask(by_hand(table(1, seed=1))).outputs


def test_bytes_that_are_no_message_and_methods_that_are_not_there(ask):
    with pytest.raises(grpc.RpcError) as refused:
        ask(b"\xff\xff\xff")
    assert refused.value.code().name == "INVALID_ARGUMENT"
    with pytest.raises(grpc.RpcError) as refused:
        ask(b"", method="RepositoryIndex")
    assert refused.value.code().name == "UNIMPLEMENTED"


def test_packed_messages_are_not_taken(ask):
    message = by_hand(table(1, seed=1))
    message.inputs[2].contents.bytes_contents[0] = b" " * 90_000
    with pytest.raises(grpc.RpcError) as refused:
        ask(message, compression=grpc.Compression.Gzip)
    assert refused.value.code().name == "UNIMPLEMENTED"


@given(st.data())
@settings(max_examples=100, deadline=None)
def test_any_damage_to_a_message_is_an_http_error_or_a_frame(model, data):
    body = bytearray(by_hand(table(2, seed=1)).SerializeToString())
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    message = classes()["ModelInferRequest"]()
    try:
        message.ParseFromString(bytes(body))
    except Exception:
        return
    try:
        request = codec.decode(message, model, Limits())
    except HttpError as error:
        assert 400 <= error.status < 500
    else:
        model.answer(request.rows)


def plain_row():
    """A request of one row, its tensors as bytes."""
    message = classes()["ModelInferRequest"](model_name="model", id="mine")
    row = table(1, seed=1).row(0, named=True)
    for name, datatype, content in (
        ("age", "FP64", np.array([row["age"]], "<f8").tobytes()),
        ("income", "FP64", np.array([np.nan], "<f8").tobytes()),
        ("city", "BYTES", b"\4\0\0\0Rome"),
        ("member", "BOOL", b"\1"),
        ("since", "BYTES", b"\x13\0\0\0" + b"2024-03-01 10:00:00"),
    ):
        message.inputs.add(name=name, datatype=datatype, shape=[1])
        message.raw_input_contents.append(content)
    return message


CHANGES = st.sampled_from(
    [
        lambda m, i, content: setattr(m.inputs[i], "name", "age"),
        lambda m, i, content: setattr(m.inputs[i], "name", "bought"),
        lambda m, i, content: setattr(m.inputs[i], "datatype", ("FP64", "BYTES", "BOOL", "INT64", "FP32")[i]),
        lambda m, i, content: m.inputs[i].shape.append(1),
        lambda m, i, content: m.inputs[i].shape.__setitem__(0, i),
        lambda m, i, content: m.inputs[i].contents.bool_contents.append(True),
        lambda m, i, content: m.raw_input_contents.__setitem__(i, content),
        lambda m, i, content: m.raw_input_contents.__setitem__(i, len(content).to_bytes(4, "little") + content),
        lambda m, i, content: m.raw_input_contents.append(content),
        lambda m, i, content: (m.inputs.pop(), m.raw_input_contents.pop()),
        lambda m, i, content: m.outputs.add(name="prediction"),
        lambda m, i, content: setattr(m, "id", "x" * (250 + 3 * i)),
    ]
)


@given(st.lists(st.tuples(CHANGES, st.integers(0, 3), st.binary(max_size=9)), max_size=3))
def test_one_plain_row_is_read_sooner_and_not_otherwise(model, changes):
    hosted, message = Hosted(model, "model", "1"), plain_row()
    assert codec.decode_row(message, hosted) is not None
    for change, place, content in changes:
        change(message, place, content)
    found = codec.decode_row(message, hosted)
    if found is not None:
        assert repr(found) == repr(codec.decode(message, model, Limits()))


def test_every_method_but_health_wants_the_token(model):
    service = Service(model, token=TOKEN)
    with listening(service, TOKEN) as address, grpc.insecure_channel(address) as channel:
        for method in ("ServerLive", "ServerReady", "ModelReady", "ServerMetadata", "ModelMetadata", "ModelInfer"):
            call = channel.unary_unary(f"/{SERVICE}/{method}")
            for metadata in ((), (("authorization", "Bearer wrong-token-of-good"),), (("authorization", TOKEN),)):
                try:
                    call(b"", timeout=30, metadata=metadata)
                    code = "OK"
                except grpc.RpcError as error:
                    code = error.code().name
                assert code == ("OK" if method in ("ServerLive", "ServerReady") else "UNAUTHENTICATED")
            try:
                call(b"", timeout=30, metadata=(("authorization", f"Bearer {TOKEN}"),))
            except grpc.RpcError as error:
                assert method == "ModelInfer" and error.code().name == "INVALID_ARGUMENT"
        client = triton.InferenceServerClient(address)
        try:
            headers = {"authorization": f"Bearer {TOKEN}"}
            assert client.get_server_metadata(headers=headers).name == "sevenfold"
        finally:
            client.close()


def test_a_fault_tells_nothing(model, monkeypatch):
    def broken(self, rows, **options):
        raise ZeroDivisionError("secret row 31.5 in /home/secret")

    monkeypatch.setattr(type(model), "answer", broken)
    with listening(Service(model)) as address, grpc.insecure_channel(address) as channel:
        call = channel.unary_unary(f"/{SERVICE}/ModelInfer")
        with pytest.raises(grpc.RpcError) as refused:
            call(by_hand(table(1, seed=1)).SerializeToString(), timeout=30)
    assert refused.value.code().name == "INTERNAL"
    assert "secret" not in refused.value.details()


def test_whole_labels_and_recommendations(tmp_path):
    model = loaded(tmp_path, contents(Goal.MULTICLASS, (3, 5, 7)))
    data = table(2, seed=3)
    with listening(Service(model)) as address:
        client = triton.InferenceServerClient(address)
        try:
            found = client.infer("model", tensors(data)).as_numpy("prediction")
        finally:
            client.close()
    assert found.dtype == np.int64 and found.tolist() == model.predict(data).tolist()
    ranked = loaded(tmp_path, recommendation())
    with listening(Service(ranked)) as address, grpc.insecure_channel(address) as channel:
        message = service_pb2.ModelInferRequest(model_name="model")
        message.inputs.add(name="who", datatype="BYTES", shape=[2]).contents.bytes_contents.extend([b"u1", b"u2"])
        call = channel.unary_unary(
            f"/{SERVICE}/ModelInfer", response_deserializer=service_pb2.ModelInferResponse.FromString
        )
        outputs = {o.name: list(o.shape) for o in call(message.SerializeToString(), timeout=30).outputs}
    assert outputs == {"prediction": [2, 10], "scores": [2, 10]}


def test_a_port_that_is_taken_is_told(model, address):
    service = Service(model)
    server = GrpcServer(service.answering, None, "127.0.0.1", int(address.rpartition(":")[2]))
    with pytest.raises(RequestError, match="gRPC"):
        asyncio.run(server.start())
