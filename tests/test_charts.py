"""Charts: bars stand on the floor, in proportion, within the drawing."""

from gateway.portal import chart
from gateway.portal.charts import FLOOR, TOP, WIDTH


def test_bars_are_stacked_in_proportion_from_the_floor_up() -> None:
    drawn = chart(["in", "out"], [("Monday", "M", [10, 30]), ("Tuesday", "T", [0, 20])], str)
    first, second = drawn.columns[0].bars
    assert first.y + first.height == FLOOR
    assert second.y + second.height == first.y
    assert second.y == TOP
    assert second.height == 3 * first.height
    assert [bar.series for bar in drawn.columns[1].bars] == [1]
    assert drawn.columns[1].texts == ["0", "20"]
    assert drawn.highest == "40"


def test_a_limit_above_every_bar_stays_within_the_drawing() -> None:
    drawn = chart(["used"], [("Monday", "M", [1])], str, limit=100)
    assert drawn.limit_y == TOP
    assert drawn.limit == drawn.highest == "100"


def test_a_long_chart_names_some_of_its_columns_and_stays_within_its_width() -> None:
    drawn = chart(["used"], [(str(day), str(day), [day]) for day in range(366)], str)
    assert 0 < len([column for column in drawn.columns if column.tick]) <= 8
    last = drawn.columns[-1].bars[0]
    assert last.x + last.width <= WIDTH


def test_nothing_at_all_can_be_drawn() -> None:
    assert chart(["used"], [], str).columns == []
