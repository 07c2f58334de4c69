"""What is left of a page's HTML, and that readers see the same."""

from publish.slim import slim


def test_blank_lines_go_but_where_they_are_seen():
    kept = "<pre><code>a\n\n  b</code></pre><script>c()\n\n  d()</script>"
    assert slim(f"<p>甲\u3000\n\n   \n  <b>乙  丙</b>\n\n{kept}</p>") == f"<p>甲\u3000\n<b>乙  丙</b>\n{kept}</p>"


def test_neighbours_of_one_colour_share_a_span():
    code = '<span class="sd">a</span>\n\n<span class="sd">b</span> <span class="k">if</span>'
    assert slim(f"<pre>{code}</pre>") == '<pre><span class="sd">a\n\nb</span> <span class="k">if</span></pre>'


def test_names_signs_and_blanks_need_no_span():
    code = '<span class="nb">len</span><span class="p">(</span><span class="n">x</span><span class="w"> </span>'
    assert slim(f"<pre>{code}</pre>") == '<pre><span class="nb">len</span>(x </pre>'


def test_outside_code_spans_stay():
    assert slim('<p><span class="n">a</span></p>') == '<p><span class="n">a</span></p>'
