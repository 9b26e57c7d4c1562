"""The Open Inference Protocol v2, over real HTTP."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from serving import client_of, running
from tiny_parts import PARTS, contents, recommendation, table, with_conformal

from sevenfold.core.task import Goal
from sevenfold.deployment.bundle import load, save
from sevenfold.deployment.protocol import decode
from sevenfold.deployment.request import HttpError, Limits
from sevenfold.deployment.service import Service

LENGTH = "inference-header-content-length"


def loaded(folder, made):
    save(folder / "m.sevenfold", made)
    return load(folder / "m.sevenfold", parts=PARTS)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return loaded(tmp_path_factory.mktemp("served"), contents())


@pytest.fixture(scope="module")
def client(model):
    with client_of(Service(model)) as client:
        yield client


def tensor(name, datatype, data, shape=None):
    return {"name": name, "datatype": datatype, "shape": shape or [len(data)], "data": data}


def inputs(data):
    return [
        tensor("age", "FP64", data["age"].to_list()),
        tensor("income", "FP64", data["income"].to_list(), [data.height, 1]),
        tensor("city", "BYTES", data["city"].to_list()),
        tensor("member", "BOOL", data["member"].to_list()),
        tensor("since", "BYTES", data["since"].dt.to_string("iso:strict").to_list()),
    ]


def test_health_and_metadata(client):
    assert client.get("/v2/health/live").status_code == 200
    assert client.get("/v2/health/ready").status_code == 200
    assert client.get("/v2/models/model/ready").status_code == 200
    assert client.get("/v2/models/model/versions/1/ready").status_code == 200
    for path in ("/v2", "/v2/"):
        assert set(client.get(path).json()) == {"name", "version", "extensions"}
    metadata = client.get("/v2/models/model").json()
    assert metadata == client.get("/v2/models/model/versions/1").json()
    assert metadata["versions"] == ["1"]
    assert {i["name"]: i["datatype"] for i in metadata["inputs"]} == {
        "age": "FP64", "income": "FP64", "city": "BYTES", "member": "BOOL", "since": "BYTES",
    }  # fmt: skip
    assert metadata["outputs"][1] == {"name": "probabilities", "datatype": "FP64", "shape": [-1, 2]}


@pytest.mark.parametrize("path", ["/v2/models/other", "/v2/models/other/ready", "/v2/models/model/versions/2"])
def test_unknown_models_are_not_found(client, path):
    reply = client.get(path)
    assert reply.status_code == 404
    assert list(reply.json()) == ["error"]


def test_inference_equals_prediction_in_process(client, model):
    data = table(25, seed=11)
    reply = client.post("/v2/models/model/infer", json={"id": "42", "inputs": inputs(data)})
    assert reply.status_code == 200, reply.text
    answer = reply.json()
    assert answer["model_name"] == "model" and answer["model_version"] == "1" and answer["id"] == "42"
    prediction, probabilities = answer["outputs"]
    assert prediction["shape"] == [25] and prediction["datatype"] == "BYTES"
    assert prediction["data"] == model.predict(data).tolist()
    assert probabilities["shape"] == [25, 2]
    np.testing.assert_array_equal(np.array(probabilities["data"]).reshape(25, 2), model.predict_proba(data))
    assert "id" not in client.post("/v2/models/model/infer", json={"inputs": inputs(data)}).json()


def test_a_few_rows_are_answered_as_many_are(client):
    data = table(9, seed=21)
    many = client.post("/v2/models/model/infer", json={"inputs": inputs(data)}).json()["outputs"]
    for row in range(9):
        few = client.post("/v2/models/model/infer", json={"inputs": inputs(data[row : row + 1])}).json()["outputs"]
        assert few[0]["data"] == many[0]["data"][row : row + 1]
        assert few[1]["data"] == many[1]["data"][2 * row : 2 * row + 2]


def test_nested_data_and_chosen_outputs(client, model):
    data = table(3, seed=12)
    body = {"inputs": inputs(data), "outputs": [{"name": "probabilities"}]}
    body["inputs"][0] = tensor("age", "FP64", [[v] for v in data["age"]], [3, 1])
    answer = client.post("/v2/models/model/versions/1/infer", json=body).json()
    assert [o["name"] for o in answer["outputs"]] == ["probabilities"]
    np.testing.assert_array_equal(np.reshape(answer["outputs"][0]["data"], (3, 2)), model.predict_proba(data))


def test_missing_values_are_null_and_violations_are_counted(client, model):
    body = {"inputs": inputs(table(1, seed=13))}
    body["inputs"][1]["data"] = [None]
    body["inputs"][2]["data"] = ["Atlantis"]
    answer = client.post("/v2/models/model/infer", json=body).json()
    assert answer["parameters"] == {"violations": 1}


def change(**changes):
    def of(body):
        body["inputs"][0] = {k: v for k, v in {**body["inputs"][0], **changes}.items() if v != "gone"}

    return of


@pytest.mark.parametrize(
    "spoil",
    [
        change(name="nobody"),
        change(name=3),
        change(name="city"),
        change(name="gone"),
        change(datatype="FP128"),
        change(datatype="gone"),
        change(shape=[2]),
        change(shape=[1, 2]),
        change(shape=[0]),
        change(shape=[-1]),
        change(shape=[True]),
        change(shape=[1.0]),
        change(shape=[2**31, 2**33]),
        change(shape=[1] * 9),
        change(shape=[]),
        change(shape="gone"),
        change(data="gone"),
        change(data=3),
        change(data=["x"]),
        change(data=[True]),
        change(data=[10**400]),
        change(data=[[1.0, 2.0]]),
        change(data=[[[1.0]]]),
        change(datatype="INT8", data=[300]),
        change(datatype="UINT8", data=[-1]),
        change(datatype="INT64", data=[1.5]),
        change(datatype="BOOL", data=[1]),
        change(datatype="BYTES", data=[1]),
        change(parameters={"binary_data_size": 8}),
        change(parameters=[]),
        lambda body: body.update(inputs=[]),
        lambda body: body.update(inputs={}),
        lambda body: body.update(inputs=[3]),
        lambda body: body.pop("inputs"),
        lambda body: body["inputs"].pop(),
        lambda body: body["inputs"].append(body["inputs"][0]),
        lambda body: body["inputs"].extend(body["inputs"] * 100),
        lambda body: body.update(id=3),
        lambda body: body.update(outputs=[{"name": "nobody"}]),
        lambda body: body.update(outputs=[{"name": "prediction"}] * 2),
        lambda body: body.update(outputs=3),
        lambda body: body.update(parameters=3),
    ],
)
def test_bad_requests_are_400_with_an_error(client, spoil):
    body = {"inputs": inputs(table(1, seed=13))}
    spoil(body)
    reply = client.post("/v2/models/model/infer", json=body)
    assert reply.status_code == 400, reply.text
    assert list(reply.json()) == ["error"]


def binary_request(data, **parameters):
    columns = {
        "age": ("FP64", data["age"].to_numpy().astype("<f8").tobytes()),
        "income": ("FP32", data["income"].fill_null(float("nan")).to_numpy().astype("<f4").tobytes()),
        "city": ("BYTES", b"".join(len(v).to_bytes(4, "little") + v.encode() for v in data["city"])),
        "member": ("BOOL", data["member"].to_numpy().tobytes()),
    }
    body = {"inputs": [], "parameters": parameters}
    for name, (datatype, content) in columns.items():
        size = {"binary_data_size": len(content)}
        body["inputs"].append({"name": name, "datatype": datatype, "shape": [data.height], "parameters": size})
    body["inputs"].append(inputs(data)[4])
    head = json.dumps(body).encode()
    return head, b"".join(content for _, content in columns.values())


def test_binary_tensors_in_and_out(client, model):
    data = table(4, seed=14)
    head, tail = binary_request(data, binary_data_output=True)
    reply = client.post("/v2/models/model/infer", content=head + tail, headers={LENGTH: str(len(head))})
    assert reply.status_code == 200, reply.text
    length = int(reply.headers[LENGTH])
    answer = json.loads(reply.content[:length])
    sizes = [o["parameters"]["binary_data_size"] for o in answer["outputs"]]
    assert sum(sizes) == len(reply.content) - length
    probabilities = np.frombuffer(reply.content[length + sizes[0] :], "<f8").reshape(4, 2)
    rounded = data.with_columns(data["income"].cast(data["income"].dtype).to_frame().to_series())
    np.testing.assert_allclose(probabilities, model.predict_proba(rounded), rtol=1e-5)
    first = reply.content[length : length + sizes[0]]
    assert first[4 : 4 + first[0]].decode() in ("yes", "no")


@pytest.mark.parametrize(
    "header", ["", "-1", "x", "99999999", "1" * 30, "0"], ids=["empty", "negative", "word", "long", "giant", "zero"]
)
def test_lying_header_lengths_are_400(client, header):
    head, tail = binary_request(table(2, seed=1))
    assert client.post("/v2/models/model/infer", content=head + tail, headers={LENGTH: header}).status_code == 400


def test_binary_sizes_that_do_not_add_up_are_400(client):
    head, tail = binary_request(table(2, seed=1))
    for body in (head + tail[:-1], head + tail + b"x", head):
        assert client.post("/v2/models/model/infer", content=body, headers={LENGTH: str(len(head))}).status_code == 400
    lying = head.replace(b'"binary_data_size": 16', b'"binary_data_size": 15')
    assert (
        client.post("/v2/models/model/infer", content=lying + tail, headers={LENGTH: str(len(lying))}).status_code
        == 400
    )


@given(st.data())
@settings(max_examples=150, deadline=None)
def test_any_damage_to_a_request_is_an_http_error_or_a_frame(model, data):
    head, tail = binary_request(table(2, seed=1))
    body = bytearray(head + tail)
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    length = data.draw(st.sampled_from([None, str(len(head)), str(len(head) - 1)]))
    try:
        request = decode(bytes(body), length, model, Limits())
    except HttpError as error:
        assert 400 <= error.status < 500
    else:
        model.answer(request.rows)


def test_a_sequence_of_numbers_and_whole_labels(tmp_path):
    model = loaded(tmp_path, contents(Goal.MULTICLASS, (3, 5, 7)))
    with client_of(Service(model, name="three")) as client:
        data = table(2, seed=3)
        answer = client.post("/v2/models/three/infer", json={"inputs": inputs(data)}).json()
        assert answer["outputs"][0]["datatype"] == "INT64"
        assert answer["outputs"][0]["data"] == model.predict(data).tolist()


def test_a_recommendation_ranks_for_users(tmp_path):
    model = loaded(tmp_path, recommendation())
    with client_of(Service(model)) as client:
        body = {"inputs": [tensor("who", "BYTES", ["u1", "u2"])]}
        outputs = {o["name"]: o for o in client.post("/v2/models/model/infer", json=body).json()["outputs"]}
        assert outputs["prediction"]["shape"] == [2, 10] == outputs["scores"]["shape"]
        body["inputs"].append(tensor("what", "BYTES", ["i1", "i2"]))
        outputs = client.post("/v2/models/model/infer", json=body).json()["outputs"]
        assert [o["shape"] for o in outputs] == [[2]]


def test_a_coverage_adds_a_set_of_classes_or_an_interval(tmp_path):
    data = table(6, seed=3)
    model = loaded(tmp_path, with_conformal(contents()))
    with client_of(Service(model)) as client:
        asked = {"inputs": inputs(data), "parameters": {"coverage": 0.95}}
        plain = outputs_of(client.post("/v2/models/model/infer", json={"inputs": inputs(data)}))
        found = outputs_of(client.post("/v2/models/model/infer", json=asked))
        only = outputs_of(client.post("/v2/models/model/infer", json={**asked, "outputs": [{"name": "set"}]}))
        unasked = client.post("/v2/models/model/infer", json={"inputs": inputs(data), "outputs": [{"name": "set"}]})
    assert set(found) - set(plain) == {"set"} and set(only) == {"set"} and unasked.status_code == 400
    assert (found["set"]["datatype"], found["set"]["shape"]) == ("BOOL", [6, 2])
    classes = model.classes.tolist()
    members = np.reshape(found["set"]["data"], (6, 2)).tolist()
    assert [[c for c, inside in zip(classes, row, strict=True) if inside] for row in members] == model.predict_set(
        data, 0.95
    )
    (tmp_path / "numbers").mkdir()
    numbers = loaded(tmp_path / "numbers", with_conformal(contents(Goal.REGRESSION), rows=50))
    with client_of(Service(numbers)) as client:
        near = outputs_of(client.post("/v2/models/model/infer", json={**asked, "parameters": {"coverage": 0.9}}))
        far = outputs_of(client.post("/v2/models/model/infer", json={**asked, "parameters": {"coverage": 0.999}}))
    np.testing.assert_array_equal(
        np.reshape(near["interval"]["data"], near["interval"]["shape"]), numbers.predict_interval(data)
    )
    assert far["interval"]["data"][1::2] == [None] * 6  # too few calibration rows: no end is made up


def outputs_of(reply):
    assert reply.status_code == 200, reply.text
    return {output["name"]: output for output in reply.json()["outputs"]}


@pytest.mark.parametrize("coverage", [0, 1, 1.5, -0.1, True, "0.9", [0.9]])
def test_a_coverage_that_is_none_is_400_and_so_is_one_of_a_model_without(client, tmp_path, coverage):
    asked = {"inputs": inputs(table(2)), "parameters": {"coverage": coverage}}
    reply = client.post("/v2/models/model/infer", json=asked)
    assert reply.status_code == 400 and "coverage" in reply.json()["error"]
    reply = client.post("/v2/models/model/infer", json={**asked, "parameters": {"coverage": 0.9}})
    assert reply.status_code == 400 and "coverage" in reply.json()["error"]


def test_the_triton_client_with_its_defaults(model):
    import tritonclient.http as http

    data = table(6, seed=15)
    with running(Service(model)) as url:
        client = http.InferenceServerClient(url.removeprefix("http://"))
        try:
            assert client.is_server_live() and client.is_server_ready() and client.is_model_ready("model")
            assert client.get_server_metadata()["name"] == "sevenfold"
            assert client.get_model_metadata("model")["name"] == "model"
            tensors = []
            for name, datatype, values in (
                ("age", "FP64", data["age"].to_numpy()),
                ("income", "FP64", data["income"].fill_null(float("nan")).to_numpy()),
                ("city", "BYTES", data["city"].to_numpy().astype(object)),
                ("member", "BOOL", data["member"].to_numpy()),
                ("since", "BYTES", data["since"].dt.to_string("iso:strict").to_numpy().astype(object)),
            ):
                given_tensor = http.InferInput(name, [6], datatype)
                given_tensor.set_data_from_numpy(values)
                tensors.append(given_tensor)
            for options in ({}, {"request_compression_algorithm": "gzip"}):
                result = client.infer("model", tensors, **options)
                np.testing.assert_array_equal(result.as_numpy("probabilities"), model.predict_proba(data))
                assert [v.decode() for v in result.as_numpy("prediction")] == model.predict(data).tolist()
            with pytest.raises(Exception, match="missing"):
                client.infer("model", tensors[:2])
        finally:
            client.close()
