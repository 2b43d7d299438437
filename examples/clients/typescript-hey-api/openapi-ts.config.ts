// Node wants the file's extension in an import; a bundler does without this file.
export default {
  input: '../../../openapi.yaml',
  output: { path: 'build/footnote', module: { extension: '.js' } },
};
