"""The search dialog, as a reader uses it."""

import re
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.browser.conftest import Watch, open_question, settle

pytestmark = pytest.mark.browser

DIALOG = "dialog.wiki-search"
RESULTS = ".wiki-search__results > li"
MESSAGE = ".wiki-search__message"


def ask(page: Page, query: str) -> None:
    """Type a query and wait for the answer to it."""
    field = page.locator(f"{DIALOG} input")
    if field.input_value():
        field.fill("")
        expect(page.locator(RESULTS)).to_have_count(0)
    field.fill(query)
    expect(page.locator(RESULTS)).not_to_have_count(0)


def open_and_ask(page: Page, query: str) -> None:
    page.locator(".wiki-search-button").click()
    ask(page, query)


def show_filters(page: Page) -> None:
    page.locator(".wiki-search__toggle").click()
    expect(page.locator(".wiki-search__chips button").first).to_be_visible()


def found(page: Page) -> list[str]:
    """Addresses of the results on show, relative to the site."""
    return page.locator(f"{RESULTS} > .wiki-search__result").evaluate_all(
        "links => links.map(link => new URL(link.href).pathname.replace('/wiki/', ''))"
    )


def chip(page: Page, label: str):
    return page.locator(".wiki-search__chips button").filter(has_text=label)


def number_of_results(page: Page) -> int:
    text = page.locator(MESSAGE).inner_text()
    return int("".join(character for character in text if character.isdigit()))


FIRST = {
    "位置编码": "topics/sinusoidal_positions/",
    "低秩": "topics/lora/",
    "本周 KL 惩罚 论文": "papers/list/",
    "top_p 采样": "topics/sampling/",
    "self attention": "topics/self_attention/",
    "自注意力": "topics/self_attention/",  # stored as 自 + 注意 + 力, cut by browsers as 自 + 注意力
    "低秩适配": "topics/lora/",  # stored as 低 + 秩 + 适配, cut by browsers as 低 + 秩 + 适 + 配
    "层归一化": "topics/layer_norm/",
    "LoRA": "topics/lora/",
    "LORA是什么": "topics/lora/",
}


def test_concept_page_comes_first(page: Page) -> None:
    page.goto("")
    page.locator(".wiki-search-button").click()
    firsts = {}
    for query in FIRST:
        ask(page, query)
        firsts[query] = found(page)[0]
    assert firsts == FIRST


def test_words_that_browser_and_index_cut_differently_are_found(page: Page) -> None:
    page.goto("")
    open_and_ask(page, "显存")
    assert len(found(page)) == 10
    marked = page.locator(f"{RESULTS} mark").all_inner_texts()
    assert "显存" in marked


def test_excerpt_marks_what_was_asked_for(page: Page) -> None:
    page.goto("")
    open_and_ask(page, "learning rate")
    marks = {text.lower() for text in page.locator(f"{RESULTS} mark").all_inner_texts()}
    assert "learning rate" in marks
    assert "学习率" in marks  # another name of what is asked for


def test_kind_and_status_narrow_to_open_questions(page: Page) -> None:
    open_question(page)
    page.goto("")
    page.locator(".wiki-search-button").click()
    show_filters(page)
    chip(page, "问答").click()
    expect(chip(page, "问答")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(RESULTS)).not_to_have_count(0)
    every = number_of_results(page)
    chip(page, "待回答").click()
    expect(chip(page, "待回答")).to_have_attribute("aria-pressed", "true")
    expect(page.locator(f"{RESULTS} .wiki-badge--answered")).to_have_count(0)
    expect(page.locator(f"{RESULTS} .wiki-badge--open")).not_to_have_count(0)
    assert all(address.startswith("qa/") for address in found(page))
    assert page.locator(f"{RESULTS} .wiki-badge--open").count() == page.locator(RESULTS).count()
    count = int(chip(page, "待回答").locator(".wiki-search__count").inner_text())
    assert number_of_results(page) == count < every


def test_where_a_filter_leaves_nobody_who_says_it_so_who_says_it_otherwise_is_shown(page: Page) -> None:
    page.goto("qa/?q=直接偏好优化&kind=question")
    expect(page.locator(RESULTS)).not_to_have_count(0)
    assert number_of_results(page) == page.locator(RESULTS).count()


def test_topic_filter_leaves_as_many_pages_as_it_promises(page: Page) -> None:
    page.goto("")
    open_and_ask(page, "低秩")
    show_filters(page)
    option = page.locator(f"{DIALOG} option[value^='LoRA']")
    promised = int(option.inner_text().rsplit("（", 1)[1].rstrip("）"))
    page.locator(f"{DIALOG} select[data-name=topic]").select_option(value=option.get_attribute("value"))
    expect(page.locator(MESSAGE)).to_have_text(f"找到 {promised} 页。")


def test_address_holds_the_search_for_another_reader(page: Page, chromium: Browser) -> None:
    page.goto("about/")
    open_and_ask(page, "采样")
    show_filters(page)
    chip(page, "问答").click()
    expect(page.locator(f"{RESULTS} .wiki-badge--kind")).to_have_count(0)  # all are of one
    expect(page).to_have_url(re.compile(r"about/\?q=.*&kind=question$"))
    mine = found(page)
    other = chromium.new_context()
    theirs = other.new_page()
    theirs.goto(page.url)
    expect(theirs.locator(f"{DIALOG} input")).to_have_value("采样")
    expect(theirs.locator(RESULTS)).to_have_count(len(mine))
    assert found(theirs) == mine
    other.close()


def test_closing_takes_the_search_out_of_the_address(page: Page) -> None:
    page.goto("?from=mail&q=LoRA&status=nonsense#top")
    expect(page.locator(RESULTS)).not_to_have_count(0)
    page.keyboard.press("Escape")
    expect(page.locator(DIALOG)).to_be_hidden()
    expect(page).to_have_url(re.compile(r"/wiki/\?from=mail#top$"))


def test_control_k_opens_and_escape_closes(page: Page) -> None:
    page.goto("about/")
    expect(page.locator(".wiki-search-button")).to_be_visible()
    page.keyboard.press("Control+k")
    expect(page.locator(f"{DIALOG} input")).to_be_focused()
    page.keyboard.type("abc")
    page.keyboard.press("Escape")
    expect(page.locator(DIALOG)).to_be_hidden()
    page.keyboard.press("/")
    expect(page.locator(f"{DIALOG} input")).to_have_value("")


def test_slash_is_a_character_where_one_types(page: Page) -> None:
    page.goto("")
    expect(page.locator(".wiki-search-button")).to_be_visible()
    page.evaluate(
        "document.querySelector('article').append(Object.assign(document.createElement('textarea'), {id: 'note'}))"
    )
    page.locator("#note").focus()
    page.keyboard.type("a/b")
    expect(page.locator("#note")).to_have_value("a/b")
    expect(page.locator(DIALOG)).to_have_count(0)


def test_nothing_of_the_index_is_fetched_before_the_dialog_opens(page: Page, watch: Watch) -> None:
    settle(page, "topics/lora/")
    assert not [address for address in watch.requests if "/wiki/search/" in address]
    open_and_ask(page, "LoRA")
    assert [address for address in watch.requests if "/wiki/search/" in address]


def test_missing_index_is_said_and_can_be_tried_again(page: Page, watch: Watch) -> None:
    watch.expected.append("Failed to load resource")
    page.route("**/wiki/search/**", lambda route: route.fulfill(status=404, body=""))
    page.goto("?q=LoRA")
    expect(page.locator(MESSAGE)).to_contain_text("搜索索引没能加载")
    expect(page.locator(MESSAGE)).to_contain_text("原因：")
    page.unroute("**/wiki/search/**")
    page.get_by_role("button", name="重试").click()
    expect(page.locator(RESULTS)).not_to_have_count(0)


def test_nothing_found_is_said(page: Page) -> None:
    page.goto("")
    page.locator(".wiki-search-button").click()
    page.locator(f"{DIALOG} input").fill("qzxwvqzxwv")
    expect(page.locator(MESSAGE)).to_contain_text("没有找到")
    expect(page.locator(RESULTS)).to_have_count(0)


def test_words_on_no_common_page_are_looked_for_one_by_one(page: Page) -> None:
    page.goto("")
    open_and_ask(page, "LoRA qzxwvqzxwv")
    expect(page.locator(MESSAGE)).to_contain_text("没有哪一页包含所有的词")
    assert found(page)[0] == "topics/lora/"


def test_late_answer_to_an_older_query_is_dropped(page: Page) -> None:
    """The pages that the second query needs are held back until the third, answered from memory, is on show."""
    held: list[Route] = []
    released: list[bool] = []
    page.goto("")
    open_and_ask(page, "LoRA")
    answer = page.locator(MESSAGE).inner_text()
    first = found(page)
    page.route("**/wiki/search/texts/**", lambda route: route.continue_() if released else held.append(route))
    with page.expect_request("**/wiki/search/texts/**"):
        page.locator(f"{DIALOG} input").fill("位置编码")
    page.locator(f"{DIALOG} input").fill("LoRA ")
    expect(page).to_have_url(re.compile(r"q=LoRA\+"))
    released.append(True)
    with page.expect_response("**/wiki/search/texts/**"):
        for route in held:
            route.continue_()
    page.wait_for_load_state("networkidle")
    expect(page.locator(MESSAGE)).to_have_text(answer)
    assert found(page) == first


def test_more_results_follow_on_demand(page: Page) -> None:
    page.goto("")
    open_and_ask(page, "模型")
    total = number_of_results(page)
    expect(page.locator(RESULTS)).to_have_count(10)
    page.get_by_role("button", name="加载更多").click()
    expect(page.locator(RESULTS)).to_have_count(min(20, total))
    shown = found(page)
    assert len(set(shown)) == len(shown)


def test_search_works_after_instant_navigation(page: Page) -> None:
    settle(page, "")
    page.evaluate("window.sameDocument = true")
    page.locator(".md-tabs__link").filter(has_text="学习").click()
    expect(page).to_have_url(re.compile(r"/topics/$"))
    expect(page.locator("article h1")).to_contain_text("概念")
    assert page.evaluate("window.sameDocument") is True
    expect(page.locator(".wiki-search-button")).to_have_count(1)
    open_and_ask(page, "LoRA")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/topics/lora/$"))
    expect(page.locator("article h1")).to_contain_text("LoRA")
    assert page.evaluate("window.sameDocument") is True
    expect(page.locator(DIALOG)).to_be_hidden()
    expect(page.locator(".arithmatex .katex").first).to_be_visible()


def test_traditional_characters_find_simplified_ones(page: Page) -> None:
    page.goto("")
    page.locator(".wiki-search-button").click()
    for asked in ("後訓練 強化學習 對齊", "詞嵌入", "低秩適配"):
        ask(page, asked)
        expect(page.locator(f"{RESULTS} mark").first).to_be_visible()
    assert found(page)[0] == "topics/lora/"


def test_hyphen_underscore_case_and_width_make_no_difference(page: Page) -> None:
    page.goto("")
    page.locator(".wiki-search-button").click()
    for query in ("top-p", "top_p", "TopP", "ｔｏｐ＿ｐ"):
        ask(page, query)
        assert found(page)[0] == "topics/sampling/", query
        assert "top-p" in {text.lower() for text in page.locator(f"{RESULTS} mark").all_inner_texts()}, query


def test_natural_question_finds_pages_that_have_most_of_it(page: Page) -> None:
    page.goto("")
    open_and_ask(page, "请问为什么 attention 要除以根号 d？")
    assert "qa/attention-scaling-sqrt-dk/" in found(page)[:3]


ARCHIVE = "section.wiki-search"


def test_archive_narrows_as_one_types_and_its_address_opens_the_same(page: Page, chromium: Browser) -> None:
    page.goto("qa/")
    expect(page.locator(f"{ARCHIVE} input[type=search]")).to_be_visible()
    expect(page.locator(RESULTS)).to_have_count(0)  # the page lists all questions by itself
    expect(page).to_have_url(re.compile(r"/qa/$"))
    page.keyboard.press("/")
    page.keyboard.type("位置编码")
    expect(page).to_have_url(re.compile(r"kind=question"))
    expect(page.locator(f"{RESULTS} mark").first).to_be_visible()
    expect(page.locator(DIALOG)).to_have_count(0)
    every = number_of_results(page)
    show_filters(page)
    chip(page, "有可运行的代码").click()
    expect(page).to_have_url(re.compile(r"code=yes"))
    expect(chip(page, "有可运行的代码")).to_have_attribute("aria-pressed", "true")
    assert 0 < number_of_results(page) <= every
    mine = found(page)
    assert all(address.startswith("qa/") for address in mine)
    other = chromium.new_context()
    theirs = other.new_page()
    theirs.goto(page.url)
    expect(theirs.locator(RESULTS)).to_have_count(len(mine))
    assert found(theirs) == mine
    other.close()


def test_filters_alone_fetch_no_words(page: Page, watch: Watch) -> None:
    open_question(page)
    watch.requests.clear()
    page.goto("qa/?status=open")
    expect(page.locator(RESULTS)).not_to_have_count(0)
    expect(page.locator(f"{RESULTS} .wiki-badge--answered")).to_have_count(0)
    assert all(address.startswith("qa/") for address in found(page))
    assert not [address for address in watch.requests if "/search/terms/" in address]


def test_archive_lists_newest_first_and_filters_by_talk_and_person(page: Page) -> None:
    page.goto("qa/?talk=004&kind=question")
    expect(page.locator(MESSAGE)).to_have_text("找到 10 页。")
    assert all(address.startswith("qa/talk-004-") for address in found(page))
    page.goto("?q=LoRA&kind=question&sort=date")
    expect(page.locator(RESULTS)).not_to_have_count(0)
    newest = found(page)
    assert not newest[0].startswith("qa/talk-")
    page.locator(f"{DIALOG} select").last.select_option("")
    expect(page).not_to_have_url(re.compile("sort="))
    page.goto("qa/?person=羡鱼")
    expect(page.locator(f"{ARCHIVE} select[data-name=person]")).to_have_value("羡鱼")
    expect(page.locator(RESULTS)).not_to_have_count(0)


ASK = ".wiki-search__ask a"


def test_index_is_not_fetched_before_the_first_word(page: Page, watch: Watch) -> None:
    settle(page, "qa/")
    expect(page.locator(f"{ARCHIVE} input[type=search]")).to_be_visible()
    assert not [address for address in watch.requests if "/wiki/search/" in address]
    show_filters(page)
    chip(page, "待回答").click()
    expect(page.locator(f"{RESULTS} .wiki-badge--open")).not_to_have_count(0)
    expect(page.locator(f"{RESULTS} .wiki-badge--answered")).to_have_count(0)
    assert not [address for address in watch.requests if "/search/terms/" in address]
    chip(page, "待回答").click()
    page.locator(".wiki-search input").fill("位置编码")
    expect(page.locator(f"{RESULTS} mark")).not_to_have_count(0)
    assert [address for address in watch.requests if "/search/terms/" in address]


def test_file_of_the_index_is_fetched_once_whatever_the_filters(page: Page, watch: Watch) -> None:
    page.goto("")
    open_and_ask(page, "显存不够怎么训练大模型？")
    show_filters(page)
    for label in ("问答", "概念"):
        chip(page, label).click()
        expect(chip(page, label)).to_have_attribute("aria-pressed", "true")
        expect(page.locator(f"{DIALOG} [aria-busy=false]")).to_be_visible()
    asked = [address for address in watch.requests if "/wiki/search/" in address]
    assert len(asked) == len(set(asked)) > 1


def test_concepts_and_questions_are_suggested_before_any_index_is_loaded(page: Page) -> None:
    page.route("**/wiki/search/terms/**", lambda route: None)  # never answered
    page.goto("")
    page.locator(".wiki-search-button").click()
    links = page.locator(".wiki-search__suggestions a")
    for typed, title in (
        ("位置", "位置编码"),
        ("Flash", "FlashAttention"),
        ("weizhi", "位置编码"),
        ("为什么需要位", "为什么需要位置编码"),
    ):
        page.locator(f"{DIALOG} input").fill(typed)
        expect(links.filter(has_text=title).first).to_be_visible()
    links.filter(has_text="为什么需要位置编码").first.click()
    expect(page).to_have_url(re.compile(r"/qa/why-position-encoding/$"))


def test_concept_that_is_asked_for_is_a_card_with_its_sections(page: Page) -> None:
    page.goto("")
    open_and_ask(page, "介绍一下 LoRA")
    card = page.locator(".wiki-search__card")
    expect(card).to_have_count(1)
    expect(card.locator(".wiki-search__title")).to_contain_text("LoRA")
    assert card.locator(".wiki-search__section").count() > 2
    card.locator(".wiki-search__section").first.click()
    expect(page).to_have_url(re.compile(r"/topics/lora/#"))


def test_keyboard_alone_leads_to_a_page_and_back(page: Page) -> None:
    page.goto("")
    expect(page.locator(".wiki-search-button")).to_be_visible()
    page.keyboard.press("/")
    expect(page.locator(f"{DIALOG} input")).to_be_focused()
    page.keyboard.type("self attention")
    expect(page.locator(f"{DIALOG} [aria-busy=false]")).to_be_visible()
    results = page.locator(f"{RESULTS} > .wiki-search__result")
    page.keyboard.press("ArrowDown")
    expect(results.nth(0)).to_be_focused()
    page.keyboard.press("ArrowRight")
    expect(page.locator(".wiki-search__section").first).to_be_focused()
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowDown")
    expect(results.nth(1)).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(page.locator(f"{DIALOG} input")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"/topics/self_attention/$"))
    expect(page.locator(DIALOG)).to_be_hidden()
    page.go_back()
    expect(page.locator(f"{DIALOG} input")).to_have_value("self attention")
    expect(page.locator(RESULTS)).not_to_have_count(0)


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("介绍一下 LoRA 的优点", "topics/lora/"),
        ("What is RLHF, and how is it used?", "topics/rlhf/"),
        ("复读机 怎么办", "topics/repetition_penalty/"),
        ("transfomer", "topics/transformer_block/"),
    ],
)
def test_reader_asks_in_their_own_words_and_gets_on(page: Page, width: int, query: str, wanted: str) -> None:
    page.set_viewport_size({"width": width, "height": 844})
    page.goto("")
    open_and_ask(page, query)
    assert wanted in found(page)[:3]
    top = page.locator(f"{RESULTS} > .wiki-search__result").first.bounding_box()
    assert top and top["y"] + top["height"] < 400  # on a phone, too, nothing stands before the first result
    page.locator(f"{RESULTS} > .wiki-search__result[href$='{wanted}']").click()
    expect(page).to_have_url(re.compile(wanted))
    expect(page.locator(DIALOG)).to_be_hidden()


def test_word_that_stands_for_what_was_typed_is_said(page: Page) -> None:
    page.goto("")
    open_and_ask(page, "transfomer")
    expect(page.locator(MESSAGE)).to_contain_text("transformer")


def test_every_search_leads_on_to_asking(page: Page) -> None:
    """Below the results, or above them where those hardly touch what is asked."""
    page.goto("")
    open_and_ask(page, "LoRA")
    expect(page.locator(ASK)).to_be_attached()
    below = "(ask, list) => list.compareDocumentPosition(ask) & Node.DOCUMENT_POSITION_FOLLOWING"
    expect(page.locator(".wiki-search__ask--much")).to_have_count(0)
    assert page.evaluate(
        f"() => ({below})(document.querySelector('{ASK}'), document.querySelector('ol.wiki-search__results'))"
    )
    page.locator(f"{DIALOG} input").fill("世界杯冠军是哪个国家的球队")
    much = page.locator(".wiki-search__ask--much a")
    expect(much).to_be_in_viewport()
    assert not page.evaluate(
        f"() => ({below})(document.querySelector('{ASK}'), document.querySelector('ol.wiki-search__results'))"
    )
    much.click()
    expect(page).to_have_url(re.compile(r"/qa/ask/\?"))
    expect(page.locator("[data-wiki-archive] input")).to_have_value("世界杯冠军是哪个国家的球队")


def test_asking_keeps_the_words(page: Page) -> None:
    """In the form of the repository, or in the box of the page about asking."""
    page.goto("")
    page.locator(".wiki-search-button").click()
    field = page.locator(f"{DIALOG} input")
    field.fill("qzxwvqzxwv")
    expect(page.locator(ASK)).to_have_attribute("href", re.compile(r"/qa/ask/\?q=qzxwvqzxwv&kind=question$"))
    description = "### 问题\n\nv & w\n\n### 背景\n\n### 提问者"
    for repository, query, asked in (
        ("github.com", "q & w", {"template": "question.yml", "title": "问题：q & w", "question": "q & w"}),
        ("gitee.com", "v & w", {"issue[title]": "问题：v & w", "issue[description]": description}),
    ):
        page.evaluate(
            """href => document.querySelector(".md-header").prepend(
              Object.assign(document.createElement("a"), {className: "md-source", href}))""",
            f"https://{repository}/open/wiki/",
        )
        field.fill(query)
        address = f"https://{repository}/open/wiki/issues/new?{urlencode(asked)}"
        expect(page.locator(ASK)).to_have_attribute("href", address)


def test_part_of_the_index_that_fails_is_said_and_asked_for_again(page: Page, watch: Watch) -> None:
    """Never taken for a word that nobody says, nor for results that are not there."""
    watch.expected.append("Failed to load resource")
    for part in ("terms", "texts"):
        page.goto("")
        page.route(f"**/wiki/search/{part}/**", lambda route: route.fulfill(status=503, body=""))
        page.locator(".wiki-search-button").click()
        page.locator(f"{DIALOG} input").fill("困惑度")
        expect(page.locator(MESSAGE)).to_contain_text("搜索索引没能加载")
        expect(page.locator(RESULTS)).to_have_count(0)
        page.unroute(f"**/wiki/search/{part}/**")
        page.get_by_role("button", name="重试").click()
        expect(page.locator(RESULTS)).not_to_have_count(0)
        assert found(page)[0] == "topics/perplexity/"


@pytest.mark.usefixtures("context")  # whose cache has no words yet
def test_offline_is_said_where_words_could_not_be_fetched(page: Page, watch: Watch) -> None:
    watch.expected += ["Failed to load", "Failed to fetch", "ERR_INTERNET_DISCONNECTED"]
    page.goto("")
    open_and_ask(page, "LoRA")
    page.context.set_offline(True)
    page.locator(f"{DIALOG} input").fill("困惑度")
    expect(page.locator(MESSAGE)).to_contain_text("搜索索引没能加载")
    page.context.set_offline(False)
    page.get_by_role("button", name="重试").click()
    expect(page.locator(RESULTS)).not_to_have_count(0)
    assert found(page)[0] == "topics/perplexity/"


def test_text_of_pages_stays_text(page: Page) -> None:
    """An excerpt with markup in it: nothing becomes an element but `mark`, and no character or word is cut in two."""
    page.goto("")
    parts = page.evaluate(
        """async () => {
            const { excerpt } = await import("/wiki/runtime/search/excerpt.js");
            const long = "𠀀".repeat(300) + "秩" + "𠀁".repeat(300);
            const words = "Chinese-LLaMA ".repeat(40) + "秩" + " Chinese-LLaMA".repeat(40);
            const image = excerpt("用 <img src=x onerror=alert(1)> 表示图片", ["img"]);
            return [image, excerpt(long, ["秩"]), excerpt(words, ["秩"])];
        }"""
    )
    assert "".join(part["text"] for part in parts[0]) == "用 <img src=x onerror=alert(1)> 表示图片"
    assert [part["text"] for part in parts[0] if part["mark"]] == ["img"]
    shown = "".join(part["text"] for part in parts[1])
    assert "秩" in shown and "\ufffd" not in shown.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    assert set(re.findall(r"\w+", "".join(part["text"] for part in parts[2]))) == {"Chinese", "LLaMA", "秩"}
    open_and_ask(page, "attention")
    tags = page.locator(f"{RESULTS} .wiki-search__excerpt *").evaluate_all("all => all.map(one => one.tagName)")
    assert set(tags) <= {"MARK"}


@pytest.mark.parametrize(("table", "query"), [("/forms-", "位置編碼"), ("/pinyin-", "weizhi bianma")])
def test_tables_of_traditional_characters_and_pinyin_are_fetched_only_where_they_say_something(
    page: Page, watch: Watch, table: str, query: str
) -> None:
    page.goto("")
    open_and_ask(page, "位置编码 LoRA")
    ask(page, "LoRA")
    assert not [address for address in watch.requests if table in address]
    ask(page, query)
    assert found(page)[0] == "topics/sinusoidal_positions/"
    assert len([address for address in watch.requests if table in address]) == 1


def test_filters_stand_behind_a_button_on_a_phone(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto("qa/")
    expect(page.locator(f"{ARCHIVE} input[type=search]")).to_be_visible()
    expect(page.locator(".wiki-search__filters")).to_be_hidden()
    show_filters(page)
    chip(page, "待回答").click()
    expect(page.locator(f"{RESULTS} .wiki-badge--open")).not_to_have_count(0)
    expect(page.locator(".wiki-search__toggle")).to_have_attribute("aria-expanded", "true")


def test_paper_is_a_result_of_its_own(page: Page) -> None:
    page.goto("papers/")
    title = page.evaluate(
        """async () => {
            const { open } = await import("/wiki/runtime/search/engine.js");
            const engine = await open();
            const { EMPTY } = await import("/wiki/runtime/search/state.js");
            const found = await engine.find({ ...EMPTY, kind: "论文" });
            return (await found.more(50)).find((one) => one.away).title;
        }"""
    )
    open_and_ask(page, title)
    item = page.locator(RESULTS).filter(has_text=title).first
    expect(item.locator(".wiki-search__result")).to_have_attribute("href", re.compile("^https?://(?!127)"))
    expect(item.locator(".wiki-search__section")).to_have_attribute("href", re.compile("/papers/.*#"))


def test_english_pages_search_the_english_guide_and_titles(page: Page) -> None:
    page.goto("en/")
    page.locator(".wiki-search-button").click()
    ask(page, "writing questions and answers")
    assert found(page)[0] == "en/guide/questions/"
    ask(page, "low-rank adaptation")
    expect(page.locator(f"{RESULTS} .wiki-search__title").first).to_have_text("LoRA: low-rank adaptation")
