export default { routes: [{ route: '/shop', feature: 'shop' }, { route: '/news', feature: 'news' }] };
