// Reads the blocks of a Markdown file that are to be run, and its tables.
//
// HTML comments before a fenced block say what is done with it; they are not shown to readers:
//   <!-- test: name -->          the block is run in the document's shell session
//   <!-- expect: regex -->       its output has to match, with test
//   <!-- eventually: regex -->   it is run, in a subshell, until its output matches, with test
//   <!-- file: name -->          the block is written to a file in the session's folder
//   <!-- background: name -->    the block is run in the background; it prints `listening on URL`
//   <!-- received: path -->      the block is the request that $RECEIVER got there last: the
//                                request line, some of its headers, an empty line, the body
//   <!-- requires: module -->    left out where Node.js does not find the module
//   <!-- needs: command -->      left out where the command fails: a program is not installed
//   <!-- check: name -->         stands alone: $RECEIVER, which has the secret of the guides,
//                                takes what is signed with it and refuses what is not

const comment = /^<!-- (test|expect|eventually|file|background|received|requires|needs|check): (.*) -->$/;

/** The marked blocks of a document, in order. */
export function blocksOf(text) {
  const blocks = [];
  let marks = [];
  let fence = null;
  for (const [index, line] of text.split('\n').entries()) {
    if (fence) {
      if (line === fence.end) {
        if (fence.marks.length > 0) blocks.push(blockOf(fence));
        fence = null;
      } else {
        fence.lines.push(line);
      }
      continue;
    }
    const mark = comment.exec(line);
    if (mark) {
      marks.push({ kind: mark[1], value: mark[2] });
      if (mark[1] === 'check') {
        blocks.push(blockOf({ marks, lines: [], line: index + 1 }));
        marks = [];
      }
    } else if (/^`{3,}/.test(line)) {
      fence = { end: /^`+/.exec(line)[0], marks, lines: [], line: index + 1 };
      marks = [];
    } else if (line.trim() !== '' && marks.length > 0) {
      throw new Error(`line ${index + 1}: a mark has to stand before a fenced block`);
    }
  }
  if (fence || marks.length > 0) throw new Error('a block or a mark is left open at the end');
  return blocks;
}

function blockOf({ marks, lines, line }) {
  const values = (kind) => marks.filter((m) => m.kind === kind).map((m) => m.value);
  const [test] = values('test');
  const [file] = values('file');
  const [background] = values('background');
  const [received] = values('received');
  const [check] = values('check');
  const kinds = [test, file, background, received, check];
  if (kinds.filter((value) => value !== undefined).length !== 1) {
    throw new Error(`line ${line}: a marked block is one of test, file, background, received and check`);
  }
  return {
    line,
    test,
    file,
    background,
    received,
    check,
    text: `${lines.join('\n')}\n`,
    expect: values('expect').map((value) => new RegExp(value, 'm')),
    eventually: values('eventually').map((value) => new RegExp(value, 'm')),
    requires: values('requires'),
    needs: values('needs'),
  };
}

/** The cells of all table rows whose first cell is code: `name`. */
export function codeRowsOf(text) {
  return text
    .split('\n')
    .filter((line) => /^\| `[^`]+`/.test(line))
    .map((line) => line.slice(2, -2).split(' | ').map((cell) => cell.trim()));
}
