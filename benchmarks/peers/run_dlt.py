"""dlt's rest_api source against a stand-in: charges into DuckDB. Runs in dlt's own environment.

python run_dlt.py http://127.0.0.1:9000 directory-for-its-files
"""

import os
import sys

base, directory = sys.argv[1:]
os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"

import dlt  # noqa: E402
from dlt.sources.helpers.rest_client.paginators import BasePaginator  # noqa: E402
from dlt.sources.rest_api import rest_api_source  # noqa: E402


class StripePages(BasePaginator):
    """The next page starts after the last object of this one."""

    def update_state(self, response, data=None):
        page = response.json()
        self._has_next_page = page["has_more"]
        self.cursor = page["data"][-1]["id"] if page["data"] else None

    def update_request(self, request):
        request.params["starting_after"] = self.cursor


source = rest_api_source({
    "client": {"base_url": f"{base}/v1/", "auth": {"type": "bearer", "token": "rk_test_sandbox"}},
    "resources": [{
        "name": "charges",
        "endpoint": {"path": "charges", "params": {"limit": 100}, "data_selector": "data", "paginator": StripePages()},
    }],
})  # fmt: skip
pipeline = dlt.pipeline(
    "bench",
    pipelines_dir=directory,
    destination=dlt.destinations.duckdb(f"{directory}/dlt.duckdb"),
    dataset_name="stripe",
)
pipeline.run(source)
with pipeline.sql_client() as client:
    print(client.execute_sql("SELECT count(*) FROM charges")[0][0])
