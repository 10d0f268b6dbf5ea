/** Markdown as models write it. */
export const CORPUS: Readonly<Record<string, string>> = {
  prose:
    'One paragraph with **bold**, *soft* and `code`.\nA second line.\n\nAnother one, which is so long that it takes more than one row of a narrow terminal.\n',
  headings: '# Title\nText at once\n\n## Part\n\nSetext\n===\n\nmore\n---\nend',
  chinese:
    '## 标题\n\n这是一个很长的段落，没有空格，所以它必须在任意两个字之间换行，但不能在标点符号之前换行。Mixed with English words，然后继续。\n\n- 第一项\n- 第二项：**重要**\n\n| 名称 | 数量 |\n|---|---:|\n| 苹果 | 3 |\n| 香蕉和葡萄 | 12 |\n',
  emoji: 'Family 👨‍👩‍👧 and flag 🇩🇪 and ❤️ again 👍🏽\n\n* 🎉 done\n* ✅ ok\n',
  code: 'Before:\n```ts\nconst answer: number = 42; // why\n\nfunction f() {\n\treturn `x`;\n}\n```\nAfter.\n\n~~~\n``` not the end\n~~~\n',
  lists:
    '1. first\n   more of it\n2. second\n   - inner one\n   - inner two\n\n     loose\n3. third\n\n- [x] done\n- [ ] open\n\n* other\n+ list\nlazy line\n\n7) seven\n7) eight\n',
  fenceInList: 'Do this:\n1. Run\n   ```bash\n   npm i\n\n   npm test\n   ```\n2. Then\n```sh\nls\n```\n3. End\n',
  quotes: '> quoted **text**\n> more\nlazy\n\n> > nested\n> - list\n\nafter\n',
  tables: 'Text above\n| a | b |\n|:-:|---|\n| one<br>two | `x\\|y` |\n| *s* |\n\nafter\n| lonely |\n',
  html: '<details>\n<summary>More</summary>\n\ninside\n\n</details>\n\n<!-- a\n\ncomment -->\ntext <br> broken\n',
  math: 'So \\(a_1 * b_1\\) is\n\\[\nx_1 * y_1 * z\n\\]\nand $$p_1 * q_1$$ or $5 and *not* $6.\n\n$$\na \\\\ b\n$$\n',
  links:
    'See [the site](https://example.org/a_b) or https://example.org/x, and [one][1].\n\n[1]: https://example.org/one "One"\n\nAgain [one][1]. ![alt](pic.png)\n',
  rules: 'a\n\n---\n\nb\n***\nc\n- - -\n',
  unfinished: 'text\n\n```python\ndef f():\n    return 1',
  steering:
    'a\u001b[2Jb\u0007 `\u001b[31m` &#27;[1m \u202eback\n\n```\n\u001b]0;title\u0007\n```\n[x](\u009b5A) <b\u001b[1A>\n',
  blanks: '\n\n\nfirst\n\n\n\n   \nsecond   \n\n\n',
  long: `- ${'word '.repeat(120)}\n- short\n\n${'长'.repeat(200)}\n\nshort\n# Head\n`,
  longCode: `Look:\n\n\`\`\`js\n${Array.from({ length: 40 }, (_, at) => `const a${at} = ${at}; /* ${'x'.repeat(at)} */`).join('\n')}\n\`\`\`\n\ndone\n`,
  longTable: `| n | square |\n|---|---|\n${Array.from({ length: 30 }, (_, at) => `| ${at} | ${at * at} |`).join('\n')}\n\ndone\n`,
};
