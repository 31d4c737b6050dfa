import DefaultTheme from "vitepress/theme";
import Layout from "./Layout.vue";
import Program from "./Program.vue";
import "./style.css";

export default {
  extends: DefaultTheme,
  Layout,
  enhanceApp({ app }) {
    app.component("Program", Program);
  },
};
