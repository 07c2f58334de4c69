"""分词：一段文字怎样变成 token ‖ Tokenizers: how a text becomes tokens

按“播放”：合并从 0 加到 500，字节一对一对拼成字和词。停在 0 看“语”：一个汉字是 3 个字节，要 3 个 token。再改成英文，对比每个 token 的字节数。 ‖ Press
Play: from 0 to 500 merges, bytes become letters and words, pair by pair. Stop at 0: a Chinese character takes 3 tokens, its
3 bytes. Then write your own text, and compare the bytes a token.

同样的意思，为什么用主要在英文上训练的分词器写中文更费 token？ ‖ Why does Chinese cost more tokens with a tokenizer trained
mostly on English?

合并是按语料里的次数学的：英文多，英文的词早早合成一个 token，汉字的 3 个字节却常常没有合并过，一个字要两三个 token。 ‖ Merges are learned
by how often pairs occur. Much English makes whole words single tokens early, while the 3 bytes of a Chinese character were
seldom merged: a character takes two or three tokens.
"""

# @markdown 随便写一段 ‖ Write anything
text = "大语言模型读的是 token，不是字 🙂 ‖ language models read tokens, 不是汉字 🙂"  # @param {type:"string"}
# @markdown ▸合并次数 ‖ ▸Merges
merges = 240  # @param {type:"slider", min:0, max:500, step:5}

from browser.charts import bars, tokens
from widgets.models.tokenizers import bpe_merges, bpe_model, unigram_encode, wordpiece_encode

model = bpe_model(merges)  # 在本站的文字上训练 ‖ trained on this site's own sentences
ids = model.encode(text)
pieces = [model.vocabulary[i] for i in ids]


def said(piece):  # 半个字只能写成字节 ‖ part of a character can only be written as bytes
    try:
        return piece.decode()
    except UnicodeDecodeError:
        return piece.hex().upper()


following = bpe_merges()[merges] if merges < 500 else None  # 下一次合并的一对 ‖ the pair that is merged next
places = [n for n in range(len(ids) - 1) if (ids[n], ids[n + 1]) == following]
marked = [n in places or n - 1 in places for n in range(len(ids))]
new = " + ".join(f"“{said(model.vocabulary[i])}”" for i in following) if following else "—"
tokens([said(p) for p in pieces], notes=[f"{len(p)}" for p in pieces], marked=marked,
       title=f"BPE，{merges} 次合并：下面是字节数 ‖ BPE, {merges} merges; below: bytes", note=f"下一次合并：{new} ‖ next merge: {new}", key="bpe")  # fmt: skip
others = {"WordPiece": wordpiece_encode(text, merges), "Unigram": unigram_encode(text, merges)}
for name, found in others.items():
    tokens(found, title=f"{name}：{len(found)} 个 ‖ {name}: {len(found)}", key=name)

size = len(text.encode())
count = {"BPE": len(ids)} | {name: len(found) for name, found in others.items()}
rate = {name: size / n if n else 0.0 for name, n in count.items()}
bars(list(rate.values()), labels=list(rate), shown=[f"{r:.1f}" for r in rate.values()], top=8,
     title="每个 token 几个字节 ‖ Bytes a token", key="rate")  # fmt: skip
samples = {"中文 ‖ Chinese": "我们每周一起读论文", "English": "we read papers together every week"}
print(
    f"{len(text)} 个字、{size} 字节 → BPE {count['BPE']}、WordPiece {count['WordPiece']}、Unigram {count['Unigram']} 个 token ‖ {len(text)} letters, {size} bytes → BPE {count['BPE']}, WordPiece {count['WordPiece']}, Unigram {count['Unigram']} tokens"
)
for name, sample in samples.items():
    print(
        f"{name}：{sample} → {len(model.encode(sample))} 个 token，每个 {len(sample.encode()) / len(model.encode(sample)):.1f} 字节 ‖ {name}: {sample} → {len(model.encode(sample))} tokens, {len(sample.encode()) / len(model.encode(sample)):.1f} bytes each"
    )
