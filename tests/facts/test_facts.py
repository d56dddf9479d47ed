"""The class table and the official numbers, checked against each other and against what the paper says."""

import pytest

import imagenet_s
from imagenet_s.conversion.facts import CONFIG_NAMES, OFFICIAL, SPLITS, categories, class_groups, split_names, synsets


@pytest.mark.parametrize(("config", "classes"), [("50", 50), ("300", 300), ("919", 919)])
def test_ids_are_rows_of_the_sorted_wnids(config: str, classes: int) -> None:
    """Official readme, "How to match the class id"; so the table needs no other source than the wnids."""
    table = categories(config)
    assert table.num_classes == classes == len(table) - 1
    assert table.wnids == sorted(table.wnids)
    assert [(row.wnid, row.name) for row in table] == list(zip(table.wnids, table.names)), "one index for both"
    assert [row.id for row in table] == list(range(classes + 1))
    assert table[0].name == "other"
    for row in table:
        assert table.id_of(row.wnid) == row.id


@pytest.mark.parametrize("config", CONFIG_NAMES)
def test_labels_are_unique_and_readable(config: str) -> None:
    table = categories(config)
    assert len({name.lower() for name in table.names}) == len(table), "unique whatever the case"
    assert all(name.strip() == name and name for name in table.names)
    assert {table.label2id[name]: name for name in table.names} == table.id2label


def test_subsets_are_subsets() -> None:
    wnids = {config: set(categories(config).wnids) for config in CONFIG_NAMES}
    assert wnids["50"] < wnids["300"] < wnids["919"]
    names = {row.wnid: row.name for row in categories("919")}
    assert all(names[row.wnid] == row.name for config in ("50", "300") for row in categories(config))


def test_merged_wnids() -> None:
    """Five ImageNet classes count as another one, in 919 alone (official readme, "we merge some categories")."""
    table = categories("919")
    assert dict(table.merged_wnids) == {
        "n04356056": "n04355933",
        "n04493381": "n02808440",
        "n03642806": "n03832673",
        "n04008634": "n03773504",
        "n03887697": "n15075141",
    }
    for source, target in table.merged_wnids.items():
        assert table.id_of(source) == table.id_of(target) > 0
        assert source not in table.wnids
    assert len(table.imagenet_wnids) == 924
    assert not categories("300").merged_wnids
    assert not categories("50").merged_wnids


def test_a_wnid_outside_is_other() -> None:
    assert categories("919").id_of("n09472597") == 0
    assert categories("50").id_of("n01440764") == 0


@pytest.mark.parametrize("config", CONFIG_NAMES)
def test_official_numbers_agree(config: str) -> None:
    counts, lists = OFFICIAL.num_images[config], OFFICIAL.lists[config]
    assert lists["categories"].lines == categories(config).num_classes
    for split in ("train_semi", "validation", "test"):
        assert lists[split].lines == counts[split]
    assert lists["validation_names"].lines == counts["validation"]
    assert counts["train_semi"] == 10 * categories(config).num_classes
    assert OFFICIAL.archives[config].md5 in OFFICIAL.archives[config].file
    assert split_names(config) == (SPLITS if config == "919" else SPLITS[:-1])


def test_known_ids() -> None:
    table = imagenet_s.categories(919)
    assert (table[1].name, table[2].name, table[919].name) == ("tench", "goldfish", "toilet tissue")
    assert {table.id_of("n02012849"), table.id_of("n03126707")} == {135, 496}, "the two cranes"
    with pytest.raises(IndexError, match=r"ImageNet-S-919 has 0..919"):
        table[920]
    with pytest.raises(imagenet_s.ImageNetSError, match="no configuration '100'; it has 50, 300, 919"):
        imagenet_s.categories("100")


@pytest.mark.parametrize("config", CONFIG_NAMES)
def test_every_class_is_in_one_group(config: str) -> None:
    """Animals are the first 398 of ImageNet's sorted wnids, and dogs 151 to 268 of them, as is well known."""
    table, groups = categories(config), class_groups(config)
    assert sorted(i for group in groups for i in group.ids) == list(range(1, table.num_classes + 1))
    last_animal, dogs = "n02655020", ("n02085620", "n02113978")
    for group in groups:
        for wnid in (table[i].wnid for i in group.ids):
            assert (group.kind == "animals") == (wnid <= last_animal)
            assert (group.name == "dogs") == (dogs[0] <= wnid <= dogs[1])


def test_synsets() -> None:
    """The 1000 classes in the order of their labels, each with words; a class's readable name is among its words."""
    assert len(synsets()) == 1000
    assert list(synsets()) == sorted(synsets())
    assert set(categories("919").imagenet_wnids) < set(synsets())
    assert [list(synsets()).index(wnid) for wnid in ("n01440764", "n02085620", "n02110958", "n15075141")] == [
        *(0, 151, 254, 999),
    ]  # tench, Chihuahua, pug, toilet tissue: as torchvision and timm number them
    for synset in synsets().values():
        assert synset.lemmas
        assert all(text and text == text.strip() for text in (*synset.lemmas, synset.definition))
    other, *classes = categories("919")
    assert (other.lemmas, other.definition) == ((), "")
    unlike = [category.name for category in classes if category.name not in category.lemmas]
    assert len(unlike) < 10, "names that were made unique"
    assert all(
        any(lemma.split()[0] in name for lemma in categories("919")[categories("919").label2id[name]].lemmas)
        for name in unlike
    )
    first = [category.lemmas[0] for category in classes]
    assert {lemma for lemma in first if first.count(lemma) > 1} == {"crane"}
