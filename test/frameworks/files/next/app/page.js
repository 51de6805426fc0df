export default () => <h1>Main page</h1>;
